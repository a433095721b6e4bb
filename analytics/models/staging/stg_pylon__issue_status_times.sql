with issues as (
    select
        id as issue_id,
        time_in_status_seconds as round_the_clock,
        business_hours_time_in_status_seconds as in_business_hours
    from {{ pylon.raw('issues') }}
),

spent as (
    {{ pylon.unfold_map('issues', ['issue_id'], 'round_the_clock') }}
),

worked as (
    {{ pylon.unfold_map('issues', ['issue_id'], 'in_business_hours') }}
)

select
    coalesce(spent.issue_id, worked.issue_id) as issue_id,
    coalesce(spent.key, worked.key) as status,
    cast({{ pylon.try_number(pylon.json_scalar('spent.value')) }} as {{ dbt.type_bigint() }}) as seconds,
    cast({{ pylon.try_number(pylon.json_scalar('worked.value')) }} as {{ dbt.type_bigint() }}) as business_seconds
from spent
full outer join worked on spent.issue_id = worked.issue_id and spent.key = worked.key

with issues as (
    select id as issue_id, active_time_by_user from {{ pylon.raw('issues') }}
),

unfolded as (
    {{ pylon.unfold_list('issues', ['issue_id'], 'active_time_by_user') }}
)

select
    issue_id,
    position,
    {{ pylon.json_text('value', 'user_id') }} as user_id,
    cast({{ pylon.try_number(pylon.json_text('value', 'active_time_seconds')) }} as {{ dbt.type_bigint() }}) as active_seconds,
    cast({{ pylon.try_number(pylon.json_text('value', 'business_hours_active_time_seconds')) }}
        as {{ dbt.type_bigint() }}) as active_business_seconds
from unfolded

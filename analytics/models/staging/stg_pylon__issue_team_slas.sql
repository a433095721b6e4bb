with issues as (
    select id as issue_id, team_slas from {{ pylon.raw('issues') }}
),

unfolded as (
    {{ pylon.unfold_list('issues', ['issue_id'], 'team_slas') }}
),

targets as (
    {%- for target in ['first_response', 'resolution'] %}
    select
        issue_id,
        position,
        {{ pylon.json_text('value', 'team_id') }} as team_id,
        '{{ target }}' as target,
        {{ pylon.json_get('value', target) }} as times
    from unfolded
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

typed as (
    select
        issue_id,
        position,
        team_id,
        target,
        {{ pylon.instant(pylon.try_instant(pylon.json_text('times', 'breach_time'))) }} as due_at,
        {{ pylon.instant(pylon.try_instant(pylon.json_text('times', 'time'))) }} as reached_at,
        cast({{ pylon.try_number(pylon.json_text('times', 'seconds')) }} as {{ dbt.type_bigint() }}) as seconds,
        cast({{ pylon.try_number(pylon.json_text('times', 'business_hours_seconds')) }} as {{ dbt.type_bigint() }}) as business_seconds
    from targets
)

select * from typed
where due_at is not null or reached_at is not null or seconds is not null or business_seconds is not null

with metrics as (
    select * from {{ ref('pylon__issue_metrics') }}
),

targets as (
    select
        issue_id,
        'issue' as scope,
        0 as position,
        cast(null as {{ dbt.type_string() }}) as team_id,
        'first_response' as target,
        first_response_due_at as due_at,
        coalesce(pylon_first_response_at, first_response_at) as reached_at,
        coalesce(pylon_first_response_seconds, first_response_seconds) as seconds,
        coalesce(pylon_first_response_business_seconds, first_response_business_seconds) as business_seconds
    from metrics
    where first_response_due_at is not null
    union all
    select
        issue_id,
        'issue',
        0,
        cast(null as {{ dbt.type_string() }}),
        'resolution',
        resolution_due_at,
        closed_at,
        coalesce(pylon_resolution_seconds, resolution_seconds),
        coalesce(pylon_resolution_business_seconds, resolution_business_seconds)
    from metrics
    where resolution_due_at is not null
    union all
    select issue_id, 'team', position, team_id, target, due_at, reached_at, seconds, business_seconds
    from {{ ref('stg_pylon__issue_team_slas') }}
),

ended as (
    select targets.*, case when not metrics.is_open then metrics.closed_at end as ended_at
    from targets
    inner join metrics on targets.issue_id = metrics.issue_id
)

select
    targets.issue_id,
    targets.scope,
    targets.position,
    targets.target,
    targets.team_id,
    teams.team_name,
    issues.account_id,
    issues.assignee_id,
    issues.is_open,
    targets.due_at,
    {{ pylon.local_day('targets.due_at') }} as due_on,
    targets.reached_at,
    targets.seconds,
    targets.business_seconds,
    case
        when targets.due_at is null then 'untimed'
        when targets.reached_at is not null and targets.reached_at <= targets.due_at then 'met'
        when targets.reached_at is not null then 'breached'
        when targets.ended_at <= targets.due_at then 'closed'
        when targets.ended_at is not null then 'breached'
        when as_of.as_of > targets.due_at then 'overdue'
        else 'running'
    end as outcome,
    {{ pylon.seconds_between('targets.due_at', 'coalesce(targets.reached_at, targets.ended_at, as_of.as_of)') }} as seconds_late
from ended as targets
inner join {{ ref('int_pylon__issues') }} as issues on targets.issue_id = issues.issue_id
cross join {{ ref('int_pylon__as_of') }} as as_of
left join {{ ref('stg_pylon__teams') }} as teams on coalesce(targets.team_id, issues.team_id) = teams.team_id

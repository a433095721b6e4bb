-- Issues with the meaning of their status: whether they are closed, and since when.
with judged as (
    select
        issues.issue_id,
        issues.created_at,
        issues.created_on,
        issues.state,
        coalesce(statuses.status_label, issues.state) as state_label,
        coalesce(statuses.status_category, issues.state) as state_category,
        coalesce(statuses.is_closed, issues.state = 'closed', false) as is_closed,
        issues.account_id,
        issues.team_id,
        {{ pylon.schedule_of('issues.team_id', 'teams.team_name') }} as schedule,
        issues.assignee_id,
        issues.requester_id,
        issues.source,
        issues.priority,
        issues.resolution_at,
        issues.latest_message_at,
        coalesce(issues.resolution_at, issues.latest_message_at, issues.created_at) as last_sign_of_life
    from {{ ref('stg_pylon__issues') }} as issues
    left join {{ ref('stg_pylon__issue_statuses') }} as statuses on issues.state = statuses.status
    left join {{ ref('stg_pylon__teams') }} as teams on issues.team_id = teams.team_id
)

select
    issue_id,
    created_at,
    created_on,
    state,
    state_label,
    state_category,
    is_closed,
    not is_closed as is_open,
    account_id,
    team_id,
    schedule,
    assignee_id,
    requester_id,
    source,
    priority,
    resolution_at,
    case when is_closed then last_sign_of_life end as closed_at,
    case when is_closed then {{ pylon.local_day('last_sign_of_life') }} end as closed_on,
    is_closed and resolution_at is null as is_closed_at_estimated
from judged

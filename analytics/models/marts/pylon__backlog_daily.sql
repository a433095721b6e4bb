with spans as (
    select
        spans.issue_id,
        spans.state,
        spans.first_day,
        spans.last_day,
        spans.created_on,
        issues.team_id,
        issues.account_id,
        issues.assignee_id
    from {{ ref('int_pylon__open_spans') }} as spans
    inner join {{ ref('int_pylon__issues') }} as issues on spans.issue_id = issues.issue_id
),

issue_days as (
    {{ pylon.unfold_days('spans', ['state', 'team_id', 'account_id', 'assignee_id', 'created_on'], 'first_day', 'last_day') }}
),

counted as (
    select
        date_day,
        state,
        team_id,
        account_id,
        assignee_id,
        count(*) as open_issues,
        min(created_on) as oldest_created_on
    from issue_days
    group by date_day, state, team_id, account_id, assignee_id
)

select
    counted.date_day,
    counted.state,
    counted.team_id,
    teams.team_name,
    counted.account_id,
    accounts.account_name,
    counted.assignee_id,
    users.user_name as assignee_name,
    counted.open_issues,
    {{ pylon.days_between('counted.oldest_created_on', 'counted.date_day') }} as oldest_days
from counted
left join {{ ref('stg_pylon__teams') }} as teams on counted.team_id = teams.team_id
left join {{ ref('stg_pylon__accounts') }} as accounts on counted.account_id = accounts.account_id
left join {{ ref('stg_pylon__users') }} as users on counted.assignee_id = users.user_id

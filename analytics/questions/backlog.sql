-- Open issues
-- How many issues are open, how many of them wait for a first answer or for the next one, and how old the oldest is.
-- by: team | account | assignee | state | priority | source; what to count them by
-- team: any of pylon__issues.team_name; only this team's
-- top: 1..1000, 20; how many lines
select
    coalesce(
        case $by
            when 'team' then issues.team_name
            when 'account' then issues.account_name
            when 'assignee' then issues.assignee_name
            when 'state' then issues.state_label
            when 'priority' then issues.priority
            else issues.source
        end,
        '(none)'
    ) as name,
    count(*) as open_issues,
    count(case when metrics.first_response_at is null and not metrics.is_agent_first then 1 end) as without_answer,
    count(metrics.waiting_since) as customer_waits,
    round(cast(max(metrics.age_seconds) / 86400.0 as numeric(20, 6)), 1) as oldest_days
from pylon__issues as issues
inner join pylon__issue_metrics as metrics on issues.issue_id = metrics.issue_id
where issues.is_open and ($team = '' or issues.team_name = $team)
group by 1
order by 2 desc, 1
limit cast($top as integer)

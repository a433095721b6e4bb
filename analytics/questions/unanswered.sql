-- Who waits longest
-- The open issues in which a customer waits for an answer, the longest wait first.
-- team: any of pylon__issues.team_name; only this team's
-- first: any | yes | no; whether it would be the first answer
-- top: 1..1000, 15; how many lines
select
    issues.issue_number as number,
    issues.title,
    issues.account_name as account,
    issues.team_name as team,
    issues.assignee_name as assignee,
    issues.priority,
    round(cast(metrics.waiting_seconds / 3600.0 as numeric(20, 6)), 1) as waiting_hours,
    case when metrics.agent_replies = 0 then 'yes' else 'no' end as first_answer
from pylon__issues as issues
inner join pylon__issue_metrics as metrics on issues.issue_id = metrics.issue_id
where
    metrics.waiting_since is not null
    and ($team = '' or issues.team_name = $team)
    and ($first = 'any' or ($first = 'yes') = (metrics.agent_replies = 0))
order by metrics.waiting_seconds desc, issues.issue_number
limit cast($top as integer)

-- Open issues
-- How many issues are open, how many of them wait for a first answer or for the next one, and how old the oldest is.
-- by: team | account | assignee | state | priority | source; what to count them by
-- desk: any of support__tickets.desk; only this desk's
-- team: any of support__tickets.team_label; only this team's
-- top: 1..1000, 20; how many lines
select
    coalesce(
        case $by
            when 'team' then tickets.team_label
            when 'account' then tickets.customer_label
            when 'assignee' then tickets.assignee_label
            when 'state' then tickets.desk_state_label
            when 'priority' then tickets.priority
            else tickets.channel
        end,
        '(none)'
    ) as name,
    count(*) as open_issues,
    count(case when tickets.first_response_at is null and tickets.requested_at is not null then 1 end) as without_answer,
    count(tickets.waiting_since) as customer_waits,
    round(cast(max(tickets.age_seconds) / 86400.0 as numeric(20, 6)), 1) as oldest_days
from support__tickets as tickets
where
    tickets.is_open
    and ($desk = '' or tickets.desk = $desk)
    and ($team = '' or tickets.team_label = $team)
group by 1
order by 2 desc, 1
limit cast($top as integer)

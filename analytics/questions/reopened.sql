-- Reopened issues
-- What share of the issues came back after they had been solved; of Pylon's only, and a lower bound, since it keeps no history of states.
-- by: team | assignee | account | source | month; what to count them by
-- months: 1..120, 12; how many months back, by creation
-- top: 1..1000, 20; how many lines
select
    coalesce(
        case $by
            when 'team' then tickets.team_label
            when 'assignee' then tickets.assignee_label
            when 'account' then tickets.customer_label
            when 'source' then issues.source
            else substr(cast(issues.created_on as varchar(10)), 1, 7)
        end,
        '(none)'
    ) as name,
    count(*) as issues,
    count(case when metrics.is_reopened then 1 end) as reopened,
    round(cast(100.0 * count(case when metrics.is_reopened then 1 end) / count(*) as numeric(20, 6)), 1) as percent
from pylon__issues as issues
inner join support__tickets as tickets on tickets.desk = 'pylon' and issues.issue_id = tickets.ticket_id
inner join pylon__issue_metrics as metrics on issues.issue_id = metrics.issue_id
where issues.created_on >= (
    select date_trunc('month', max(as_of_day)) - cast($months as integer) * interval '1 month'
    from support__desks
    where desk = 'pylon'
)
group by 1
order by 3 desc, 2 desc, 1
limit cast($top as integer)

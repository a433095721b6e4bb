-- Time to the solution
-- How long it took from creation to solution, round the clock and in working hours, by the month in which issues were closed.
-- by: month | team | assignee | account | source | priority; what to sort them by
-- months: 1..120, 12; how many months back
-- desk: any of support__tickets.desk; only this desk's
-- team: any of support__tickets.team_label; only this team's
-- top: 1..1000, 24; how many lines
select
    coalesce(
        case $by
            when 'month' then substr(cast(tickets.closed_on as varchar(10)), 1, 7)
            when 'team' then tickets.team_label
            when 'assignee' then tickets.assignee_label
            when 'account' then tickets.customer_label
            when 'source' then tickets.channel
            else tickets.priority
        end,
        '(none)'
    ) as name,
    count(*) as issues,
    round(cast(percentile_cont(0.5) within group (order by tickets.resolution_seconds) / 3600.0 as numeric(20, 6)), 1) as median_hours,
    round(cast(percentile_cont(0.9) within group (order by tickets.resolution_seconds) / 3600.0 as numeric(20, 6)), 1) as p90_hours,
    round(cast(percentile_cont(0.5) within group (order by tickets.resolution_business_seconds) / 3600.0 as numeric(20, 6)), 1)
        as median_working_hours
from support__tickets as tickets
where
    tickets.resolution_seconds is not null
    and ($desk = '' or tickets.desk = $desk)
    and ($team = '' or tickets.team_label = $team)
    and tickets.closed_on >= (
        select date_trunc('month', max(as_of_day)) - cast($months as integer) * interval '1 month'
        from support__desks
        where $desk = '' or desk = $desk
    )
group by 1
order by case when $by = 'month' then 0 else count(*) end desc, 1 desc
limit cast($top as integer)

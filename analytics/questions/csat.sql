-- Satisfaction
-- How customers rated what we did: how many ratings, their mean, and the share that was satisfied; Pylon's ratings only.
-- by: month | team | assignee | account | source; what to sort them by
-- months: 1..120, 12; how many months back
-- top: 1..1000, 24; how many lines
select
    coalesce(
        case $by
            when 'month' then substr(cast(ratings.date_day as varchar(10)), 1, 7)
            when 'team' then tickets.team_label
            when 'assignee' then tickets.assignee_label
            when 'account' then tickets.customer_label
            else ratings.source
        end,
        '(none)'
    ) as name,
    count(*) as ratings,
    round(cast(avg(ratings.score) as numeric(20, 6)), 2) as mean_score,
    round(cast(100.0 * count(case when ratings.is_satisfied then 1 end) / count(*) as numeric(20, 6)), 0) as satisfied_percent
from pylon__csat as ratings
inner join support__tickets as tickets on tickets.desk = 'pylon' and ratings.issue_id = tickets.ticket_id
where ratings.date_day >= (
    select date_trunc('month', max(as_of_day)) - cast($months as integer) * interval '1 month'
    from support__desks
    where desk = 'pylon'
)
group by 1
order by case when $by = 'month' then 0 else count(*) end desc, 1 desc
limit cast($top as integer)

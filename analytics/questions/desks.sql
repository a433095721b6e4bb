-- Tickets of all desks
-- How many tickets are open or wait, how many came in and were closed lately, and the usual time until a person first answered those that came in.
-- by: desk | channel | team | assignee | customer; what to count them by
-- desk: any of support__tickets.desk; only this desk's
-- days: 1..3650, 30; how many days back
-- top: 1..1000, 20; how many lines
with days as (
    select max(as_of_day) as today
    from support__desks
    where $desk = '' or desk = $desk
),

named as (
    select
        tickets.*,
        coalesce(
            case $by
                when 'desk' then tickets.desk
                when 'channel' then tickets.channel
                when 'team' then tickets.team_label
                when 'assignee' then tickets.assignee_label
                else tickets.customer_label
            end,
            '(none)'
        ) as name,
        tickets.created_on > days.today - cast($days as integer) as is_new,
        tickets.closed_on > days.today - cast($days as integer) as is_closed_lately
    from support__tickets as tickets
    cross join days
    where $desk = '' or tickets.desk = $desk
)

select
    name,
    count(*) as tickets,
    count(case when state = 'open' then 1 end) as open_tickets,
    count(case when state = 'waiting' then 1 end) as waiting_tickets,
    count(case when is_new then 1 end) as created_lately,
    count(case when is_closed_lately then 1 end) as closed_lately,
    round(cast(
        percentile_cont(0.5) within group (order by case when is_new then first_response_seconds end) / 3600.0
        as numeric(20, 6)
    ), 1) as first_response_hours
from named
group by 1
order by 2 desc, 1
limit cast($top as integer)

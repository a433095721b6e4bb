-- The backlog's way
-- How many issues were open at the end of each day, week or month, and how many of them waited for us; up to the last day that is known of
-- each desk. Where something is so_far, that day, week or month was not over at the last load.
-- by: week | month | day; how far apart
-- desk: any of support__backlog_daily.desk; only this desk's
-- team: any of support__backlog_daily.team_label; only this team's
-- top: 1..1000, 26; how many lines, the newest first
with known as (
    select
        min(as_of_day) as last_day,
        (select min(date_day) from support__backlog_daily where $desk = '' or desk = $desk) as first_day
    from support__desks
    where $desk = '' or desk = $desk
),

days as (
    select calendar.date_day, known.last_day
    from (select date_day from int_pylon__days union select date_day from int_zaia__days) as calendar
    cross join known
    where calendar.date_day between known.first_day and known.last_day
),

daily as (
    select
        date_day,
        sum(open_tickets) as open_issues,
        sum(case when state <> 'waiting_on_customer' then open_tickets else 0 end) as waiting_for_us,
        max(oldest_days) as oldest_days
    from support__backlog_daily
    where ($desk = '' or desk = $desk) and ($team = '' or team_label = $team)
    group by date_day
),

last_days as (
    select max(date_day) as date_day, max(last_day) as last_day
    from days
    group by case $by when 'day' then date_day else cast(date_trunc($by, date_day) as date) end
)

select
    last_days.date_day as at_the_end_of,
    coalesce(cast(daily.open_issues as integer), 0) as open_issues,
    coalesce(cast(daily.waiting_for_us as integer), 0) as waiting_for_us,
    daily.oldest_days,
    case when last_days.date_day = last_days.last_day then 'so far' else '' end as so_far
from last_days
left join daily on last_days.date_day = daily.date_day
order by 1 desc
limit cast($top as integer)

-- The backlog's way
-- How many issues were open at the end of each day, week or month, and how many of them waited for us; up to the last day that is known of each desk.
-- by: week | month | day; how far apart
-- desk: any of support__backlog_daily.desk; only this desk's
-- team: any of support__backlog_daily.team_name; only this team's
-- top: 1..1000, 26; how many lines, the newest first
with known as (
    select min(as_of_day) as last_day
    from support__desks
    where $desk = '' or desk = $desk
),

daily as (
    select
        backlog.date_day,
        sum(backlog.open_tickets) as open_issues,
        sum(case when backlog.state <> 'waiting_on_customer' then backlog.open_tickets else 0 end) as waiting_for_us,
        max(backlog.oldest_days) as oldest_days
    from support__backlog_daily as backlog
    cross join known
    where
        backlog.date_day <= known.last_day
        and ($desk = '' or backlog.desk = $desk)
        and ($team = '' or backlog.team_name = $team)
    group by backlog.date_day
),

last_days as (
    select max(date_day) as date_day
    from daily
    group by case $by when 'day' then date_day else cast(date_trunc($by, date_day) as date) end
)

select
    daily.date_day as at_the_end_of,
    cast(daily.open_issues as integer) as open_issues,
    cast(daily.waiting_for_us as integer) as waiting_for_us,
    daily.oldest_days
from daily
inner join last_days on daily.date_day = last_days.date_day
order by 1 desc
limit cast($top as integer)

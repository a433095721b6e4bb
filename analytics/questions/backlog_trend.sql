-- The backlog's way
-- How many issues were open at the end of each day, week or month, and how many of them waited for us.
-- by: week | month | day; how far apart
-- team: any of pylon__backlog_daily.team_name; only this team's
-- top: 1..1000, 26; how many lines, the newest first
with daily as (
    select
        date_day,
        sum(open_issues) as open_issues,
        sum(case when state <> 'waiting_on_customer' then open_issues else 0 end) as waiting_for_us,
        max(oldest_days) as oldest_days
    from pylon__backlog_daily
    where $team = '' or team_name = $team
    group by date_day
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

-- When issues come in
-- How many issues are created on each weekday or in each hour, on average over the days, in the time zone of the build.
-- by: weekday | hour; what to count them by
-- desk: any of support__tickets.desk; only this desk's
-- days: 7..3650, 90; how many days back
select
    case $by
        when 'hour' then lpad(cast(tickets.created_hour as varchar(2)), 2, '0') || ':00'
        else
            cast(tickets.created_weekday as varchar(1)) || ' '
            || substr('MonTueWedThuFriSatSun', cast(3 * tickets.created_weekday - 2 as integer), 3)
    end as at,
    count(*) as issues,
    round(cast(100.0 * count(*) / sum(count(*)) over () as numeric(20, 6)), 1) as percent
from support__tickets as tickets
where
    ($desk = '' or tickets.desk = $desk)
    and tickets.created_on > (
        select max(as_of_day) - cast($days as integer)
        from support__desks
        where $desk = '' or desk = $desk
    )
group by 1
order by 1

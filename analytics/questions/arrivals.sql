-- When issues come in
-- How many issues are created on each weekday or in each hour, on average over the days, in the time zone of the build.
-- by: weekday | hour; what to count them by
-- days: 7..3650, 90; how many days back
select
    case $by
        when 'hour' then lpad(cast(issues.created_hour as varchar(2)), 2, '0') || ':00'
        else
            cast(issues.created_weekday as varchar(1)) || ' '
            || substr('MonTueWedThuFriSatSun', cast(3 * issues.created_weekday - 2 as integer), 3)
    end as at,
    count(*) as issues,
    round(cast(100.0 * count(*) / sum(count(*)) over () as numeric(20, 6)), 1) as percent
from pylon__issues as issues
where issues.created_on > (
    select cast(max(last_load_at) as date) - cast($days as integer) from pylon__sync_freshness
)
group by 1
order by 1

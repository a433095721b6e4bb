-- The backlog of the last day is the number of open issues.
select counted.open_issues, known.open_issues as expected
from (
    select coalesce(sum(backlog.open_issues), 0) as open_issues
    from {{ ref('pylon__backlog_daily') }} as backlog
    inner join {{ ref('int_pylon__as_of') }} as as_of on backlog.date_day = as_of.as_of_day
) as counted
cross join (select count(*) as open_issues from {{ ref('pylon__issues') }} where is_open) as known
where counted.open_issues <> known.open_issues

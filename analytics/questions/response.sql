-- Time to the first answer
-- How long customers waited for the first answer, round the clock and in working hours; half of them less than the median, nine in ten less than p90.
-- by: month | team | assignee | account | source | priority; what to sort them by
-- months: 1..120, 12; how many months back
-- team: any of pylon__issues.team_name; only this team's
-- top: 1..1000, 24; how many lines
select
    coalesce(
        case $by
            when 'month' then substr(cast(issues.created_on as varchar(10)), 1, 7)
            when 'team' then issues.team_name
            when 'assignee' then issues.assignee_name
            when 'account' then issues.account_name
            when 'source' then issues.source
            else issues.priority
        end,
        '(none)'
    ) as name,
    count(*) as issues,
    round(cast(percentile_cont(0.5) within group (order by metrics.first_response_seconds) / 3600.0 as numeric(20, 6)), 1) as median_hours,
    round(cast(percentile_cont(0.9) within group (order by metrics.first_response_seconds) / 3600.0 as numeric(20, 6)), 1) as p90_hours,
    round(cast(percentile_cont(0.5) within group (order by metrics.first_response_business_seconds) / 3600.0 as numeric(20, 6)), 1)
        as median_working_hours
from pylon__issues as issues
inner join pylon__issue_metrics as metrics on issues.issue_id = metrics.issue_id
where
    metrics.first_response_seconds is not null
    and ($team = '' or issues.team_name = $team)
    and issues.created_on >= (
        select date_trunc('month', max(last_load_at)) - cast($months as integer) * interval '1 month'
        from pylon__sync_freshness
    )
group by 1
order by case when $by = 'month' then 0 else count(*) end desc, 1 desc
limit cast($top as integer)

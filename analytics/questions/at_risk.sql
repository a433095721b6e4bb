-- Accounts at risk
-- Which accounts need a call, and why: something old is open, somebody waits for long, ratings are low, volume rises; Pylon's accounts only.
-- owner: any of pylon__account_health.owner_name; only this agent's accounts
-- top: 1..1000, 15; how many lines
select
    customers.customer_label as account,
    owner_name as owner,
    risks,
    open_issues,
    case when is_backlog_old then 'open for ' || cast(oldest_open_days as varchar(10)) || ' days' else '' end as backlog,
    case
        when is_unanswered_long
            then 'waiting for ' || cast(cast(floor(longest_waiting_seconds / 3600.0) as integer) as varchar(10)) || ' hours'
        else ''
    end as answer,
    case when is_csat_low then 'rated ' || cast(round(cast(csat_score_90d as numeric(20, 6)), 1) as varchar(10)) else '' end as csat,
    case
        when is_volume_rising
            then cast(issues_30d as varchar(10)) || ' after ' || cast(issues_previous_30d as varchar(10))
        else ''
    end as volume
from pylon__account_health as health
inner join support__customers as customers on customers.desk = 'pylon' and health.account_id = customers.customer_id
where is_at_risk and ($owner = '' or owner_name = $owner)
order by risks desc, longest_waiting_seconds desc nulls last, open_issues desc, customers.customer_label
limit cast($top as integer)

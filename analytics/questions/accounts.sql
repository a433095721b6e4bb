-- Accounts with the most open issues
-- Who has the most on our desk, how long the oldest has been there, and how many came in lately; Pylon's accounts only.
-- sort: open | waiting | volume | csat; open issues, issues that wait for us, issues of 30 days, or the lowest rating first
-- top: 1..1000, 15; how many lines
select
    customers.customer_label as account,
    owner_name as owner,
    open_issues,
    waiting_issues,
    oldest_open_days,
    issues_30d,
    round(cast(csat_score_90d as numeric(20, 6)), 2) as csat_90d,
    risks
from pylon__account_health as health
inner join support__customers as customers on customers.desk = 'pylon' and health.account_id = customers.customer_id
order by
    case $sort
        when 'open' then open_issues
        when 'waiting' then waiting_issues
        when 'volume' then issues_30d
        else -coalesce(csat_score_90d, 99)
    end desc,
    open_issues desc,
    customers.customer_label
limit cast($top as integer)

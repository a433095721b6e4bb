-- Agents' load
-- What each agent has open, in how many of those a customer waits, and what was done lately.
-- desk: any of support__agent_daily.desk; only this desk's
-- days: 1..3650, 30; how many days back
-- sort: open | replies | closed; what to put first
-- top: 1..1000, 20; how many lines
with days as (
    select desk, as_of_day as today
    from support__desks
    where $desk = '' or desk = $desk
),

agents as (
    select
        daily.agent_label as agent,
        sum(case when daily.date_day = days.today then daily.open_tickets else 0 end) as open_issues,
        sum(case when daily.date_day = days.today then daily.waiting_on_you else 0 end) as customer_waits,
        sum(case when daily.date_day > days.today - cast($days as integer) then daily.replies else 0 end) as replies,
        sum(case when daily.date_day > days.today - cast($days as integer) then daily.closed_tickets else 0 end) as closed
    from support__agent_daily as daily
    inner join days on daily.desk = days.desk
    group by daily.desk, daily.agent_id, daily.agent_label
)

select
    agent,
    cast(open_issues as integer) as open_issues,
    cast(customer_waits as integer) as customer_waits,
    cast(replies as integer) as replies,
    cast(closed as integer) as closed
from agents
where open_issues + replies + closed > 0
order by case $sort when 'open' then open_issues when 'replies' then replies else closed end desc, agent
limit cast($top as integer)

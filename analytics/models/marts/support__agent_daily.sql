with zaia_days as (
    select sent_on as date_day, author_user_id as agent_id, 1 as replies, 0 as created_tickets, 0 as closed_tickets,
        0 as open_tickets, 0 as waiting_on_you
    from {{ ref('int_zaia__turns') }}
    where is_agent_turn and author_user_id is not null
    union all
    select created_on, assignee_id, 0, 1, 0, 0, 0
    from {{ ref('int_zaia__tickets') }}
    where assignee_id is not null
    union all
    select closed_on, assignee_id, 0, 0, 1, 0, 0
    from {{ ref('int_zaia__tickets') }}
    where assignee_id is not null and closed_on is not null
    union all
    select date_day, assignee_id, 0, 0, 0, open_tickets,
        case when state in ('new', 'waiting_on_you') then open_tickets else 0 end
    from {{ ref('support__backlog_daily') }}
    where desk = 'zaia' and assignee_id is not null
),

zaia as (
    select
        date_day,
        agent_id,
        {{ pylon.total('replies') }} as replies,
        {{ pylon.total('created_tickets') }} as created_tickets,
        {{ pylon.total('closed_tickets') }} as closed_tickets,
        {{ pylon.total('open_tickets') }} as open_tickets,
        {{ pylon.total('waiting_on_you') }} as waiting_on_you
    from zaia_days
    group by date_day, agent_id
)

select
    'pylon' as desk,
    date_day,
    user_id as agent_id,
    user_name as agent_name,
    coalesce(agents.agent_label, daily.user_id) as agent_label,
    replies,
    created_issues as created_tickets,
    closed_issues as closed_tickets,
    open_issues as open_tickets,
    waiting_on_you
from {{ ref('pylon__agent_daily') }} as daily
left join {{ ref('int_support__agents') }} as agents on agents.desk = 'pylon' and daily.user_id = agents.agent_id

union all

select
    'zaia' as desk,
    zaia.date_day,
    zaia.agent_id,
    agents.agent_name,
    coalesce(agents.agent_label, zaia.agent_id) as agent_label,
    zaia.replies,
    zaia.created_tickets,
    zaia.closed_tickets,
    zaia.open_tickets,
    zaia.waiting_on_you
from zaia
cross join {{ ref('int_zaia__as_of') }} as as_of
left join {{ ref('int_support__agents') }} as agents on agents.desk = 'zaia' and zaia.agent_id = agents.agent_id
where zaia.date_day > {{ pylon.add_days('as_of.as_of_day', -var('pylon_history_days')) }}

-- Tickets with the meaning of their status: whose turn it is, whether they are closed, and since when.
with spoken as (
    select ticket_id, count(*) as messages, max(sent_at) as latest_message_at
    from {{ ref('stg_zaia__messages') }}
    group by ticket_id
),

judged as (
    select
        tickets.ticket_id,
        tickets.created_at,
        tickets.created_on,
        tickets.is_closed,
        tickets.ongoing_at,
        tickets.pending_chat_messages,
        tickets.completed_at,
        tickets.assignee_id,
        {{ pylon.schedule_of('tickets.team_id', 'tickets.team_name') }} as schedule,
        coalesce(spoken.messages, 0) as messages,
        coalesce(tickets.completed_at, spoken.latest_message_at, tickets.created_at) as last_sign_of_life
    from {{ ref('stg_zaia__tickets') }} as tickets
    left join spoken on tickets.ticket_id = spoken.ticket_id
)

select
    ticket_id,
    created_at,
    created_on,
    case
        when is_closed then 'closed'
        when ongoing_at is not null and pending_chat_messages = 0 then 'waiting'
        else 'open'
    end as state,
    is_closed,
    not is_closed as is_open,
    assignee_id,
    schedule,
    messages,
    case when is_closed then completed_at end as resolved_at,
    {{ pylon.local_day('case when is_closed then completed_at end') }} as resolved_on,
    case when is_closed then last_sign_of_life end as closed_at,
    {{ pylon.local_day('case when is_closed then last_sign_of_life end') }} as closed_on
from judged

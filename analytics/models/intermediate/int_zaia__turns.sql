-- One row a message since its ticket was created, with its place in the ticket's conversation. A chat of Zaia's begins
-- with a customer, so no agent's message opens a ticket.
with messages as (
    select
        messages.message_id,
        messages.ticket_id,
        messages.sent_at,
        messages.sent_on,
        messages.side,
        false as is_private,
        case when messages.side = 'agent' then messages.sender_id end as author_user_id,
        tickets.created_at,
        tickets.schedule,
        messages.side in ('agent', 'customer') as is_turn,
        messages.side = 'agent' as is_agent_turn,
        messages.side = 'customer' as is_customer_turn
    from {{ ref('stg_zaia__messages') }} as messages
    inner join {{ ref('int_zaia__tickets') }} as tickets
        on messages.ticket_id = tickets.ticket_id and messages.sent_at >= tickets.created_at
),

{{ pylon.turns('ticket_id', ref('int_zaia__days')) }}

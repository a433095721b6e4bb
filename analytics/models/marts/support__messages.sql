select
    {{ pylon.desk_key('pylon', 'issue_id') }} as ticket_key,
    'pylon' as desk,
    issue_id as ticket_id,
    issue_id as conversation_id,
    message_id,
    sent_at,
    sent_on,
    side,
    is_public,
    side = 'agent' and is_public as is_reply,
    coalesce(author_user_id, author_contact_id) as author_id,
    author_name,
    response_number,
    response_seconds,
    response_business_seconds,
    message_text,
    synced_at
from {{ ref('pylon__issue_messages') }}

union all

select
    {{ pylon.desk_key('zaia', 'messages.ticket_id') }} as ticket_key,
    'zaia' as desk,
    messages.ticket_id,
    messages.chat_id as conversation_id,
    messages.message_id,
    messages.sent_at,
    messages.sent_on,
    messages.side,
    true as is_public,
    coalesce(messages.side = 'agent' and messages.sent_at >= tickets.created_at, false) as is_reply,
    messages.sender_id as author_id,
    case
        when messages.side = 'customer' then tickets.owner_name
        when messages.side = 'agent' then people.user_name
        when messages.sender_id = tickets.responder_id then tickets.responder_name
    end as author_name,
    turns.response_number,
    turns.response_seconds,
    turns.response_business_seconds,
    messages.message_text,
    messages.synced_at
from {{ ref('stg_zaia__messages') }} as messages
left join {{ ref('stg_zaia__tickets') }} as tickets on messages.ticket_id = tickets.ticket_id
left join {{ ref('int_zaia__people') }} as people on messages.sender_id = people.user_id
left join {{ ref('int_zaia__turns') }} as turns
    on messages.ticket_id = turns.ticket_id and messages.message_id = turns.message_id

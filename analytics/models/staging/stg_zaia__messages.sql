with messages as (
    select
        id as message_id,
        chat_id,
        ticket_id,
        {{ pylon.instant('created_at') }} as sent_at,
        {{ pylon.local_day(pylon.instant('created_at')) }} as sent_on,
        sender_id,
        content as message_text,
        _synced_at as synced_at
    from {{ pylon.raw('chat_messages', 'zaia') }}
),

-- where the API names no ticket, the newest one that the chat had by then
by_time as (
    select messages.message_id, messages.chat_id, max(tickets.created_at) as created_at
    from messages
    inner join {{ ref('stg_zaia__tickets') }} as tickets
        on messages.chat_id = tickets.chat_id and tickets.created_at <= messages.sent_at
    where messages.ticket_id is null
    group by messages.message_id, messages.chat_id
),

found as (
    select by_time.message_id, by_time.chat_id, min(tickets.ticket_id) as ticket_id
    from by_time
    inner join {{ ref('stg_zaia__tickets') }} as tickets
        on by_time.chat_id = tickets.chat_id and by_time.created_at = tickets.created_at
    group by by_time.message_id, by_time.chat_id
),

known_owners as (
    select id as chat_id, owner_id from {{ pylon.raw('chats', 'zaia') }}
    union all
    select chat_id, owner_id from {{ ref('stg_zaia__tickets') }}
),

owners as (
    select distinct chat_id, owner_id from known_owners
),

known_automations as (
    select id as sender_id from {{ pylon.raw('agents', 'zaia') }}
    union all
    select id as sender_id from {{ pylon.raw('responders', 'zaia') }}
    union all
    select responder_id as sender_id from {{ ref('stg_zaia__tickets') }}
),

automations as (
    select distinct sender_id from known_automations
)

select
    messages.message_id,
    messages.chat_id,
    coalesce(messages.ticket_id, found.ticket_id) as ticket_id,
    messages.sent_at,
    messages.sent_on,
    messages.sender_id,
    case
        when owners.owner_id is not null then 'customer'
        when automations.sender_id is not null then 'automation'
        else 'agent'
    end as side,
    messages.message_text,
    messages.synced_at
from messages
left join found on messages.message_id = found.message_id and messages.chat_id = found.chat_id
left join owners on messages.chat_id = owners.chat_id and messages.sender_id = owners.owner_id
left join automations on messages.sender_id = automations.sender_id

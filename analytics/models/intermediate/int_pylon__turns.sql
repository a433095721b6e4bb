-- One row a message, with its place in the conversation. A turn is what the other side can read: public, and not by
-- automation. An exchange is what the customer says until an agent answers; the answer is its last turn.
{%- set issue_so_far = 'partition by issue_id order by sent_at, message_id rows between unbounded preceding and' %}
with messages as (
    select
        messages.message_id,
        messages.issue_id,
        messages.sent_at,
        messages.sent_on,
        messages.side,
        messages.is_private,
        messages.author_user_id,
        issues.created_at,
        (messages.side in ('agent', 'customer') and not messages.is_private) as is_turn,
        (messages.side = 'agent' and not messages.is_private) as is_agent_turn,
        (messages.side = 'customer' and not messages.is_private) as is_customer_turn
    from {{ ref('stg_pylon__issue_messages') }} as messages
    left join {{ ref('int_pylon__issues') }} as issues on messages.issue_id = issues.issue_id
),

numbered as (
    select
        *,
        row_number() over (partition by issue_id order by sent_at, message_id) as position,
        sum(case when is_turn then 1 else 0 end) over ({{ issue_so_far }} current row) as turn_number,
        coalesce(sum(case when is_agent_turn then 1 else 0 end) over ({{ issue_so_far }} 1 preceding), 0) as agent_turns_before,
        sum(case when is_agent_turn then 1 else 0 end) over (partition by issue_id) as agent_turns,
        max(case when is_agent_turn then sent_at end) over ({{ issue_so_far }} 1 preceding) as last_agent_at,
        max(case when is_customer_turn then sent_at end) over ({{ issue_so_far }} 1 preceding) as last_customer_at
    from messages
),

opened as (
    select
        *,
        max(case
            when turn_number = 1 and is_agent_turn
                and sent_at <= {{ pylon.add_seconds('created_at', var('pylon_agent_first_seconds')) }} then 1 else 0
        end) over (partition by issue_id) = 1 as is_agent_first,
        min(case when is_customer_turn then sent_at end) over (partition by issue_id, agent_turns_before) as asked_at
    from numbered
),

answered as (
    select
        *,
        case
            when not is_agent_turn then null
            -- what opened the issue is a request, even where it stands only in the issue's body
            when agent_turns_before = 0 and not is_agent_first
                then coalesce(least(asked_at, created_at), asked_at, created_at)
            else asked_at
        end as waiting_since
    from opened
),

dated as (
    select
        *,
        {{ pylon.local_day('waiting_since') }} as waiting_since_day,
        case when waiting_since is not null then sum(case when waiting_since is not null then 1 else 0 end)
            over ({{ issue_so_far }} current row) end as response_number
    from answered
)

select
    dated.message_id,
    dated.issue_id,
    dated.sent_at,
    dated.sent_on,
    dated.side,
    dated.is_private,
    dated.author_user_id,
    cast(dated.position as integer) as position,
    dated.is_turn,
    dated.is_agent_turn,
    dated.is_customer_turn,
    case when dated.is_turn then cast(dated.turn_number as integer) end as turn_number,
    cast(dated.agent_turns_before + 1 as integer) as exchange_number,
    dated.is_customer_turn and dated.agent_turns_before = dated.agent_turns as is_unanswered,
    dated.is_agent_first,
    case
        when dated.is_agent_turn then {{ pylon.seconds_between('dated.last_customer_at', 'dated.sent_at') }}
        when dated.is_customer_turn then {{ pylon.seconds_between('dated.last_agent_at', 'dated.sent_at') }}
    end as seconds_since_other_side,
    dated.waiting_since,
    cast(dated.response_number as integer) as response_number,
    {{ pylon.seconds_between('dated.waiting_since', 'dated.sent_at') }} as response_seconds,
    {{ pylon.business_seconds('asked', 'dated.waiting_since', 'told', 'dated.sent_at') }} as response_business_seconds
from dated
left join {{ ref('int_pylon__days') }} as asked on dated.waiting_since_day = asked.date_day
left join {{ ref('int_pylon__days') }} as told on dated.waiting_since is not null and dated.sent_on = told.date_day

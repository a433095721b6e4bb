-- One row a message, with its place in the conversation. A turn is what the other side can read: public, and not by
-- automation. An exchange is what the customer says until an agent answers; the answer is its last turn.
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
        issues.schedule,
        (messages.side in ('agent', 'customer') and not messages.is_private) as is_turn,
        (messages.side = 'agent' and not messages.is_private) as is_agent_turn,
        (messages.side = 'customer' and not messages.is_private) as is_customer_turn
    from {{ ref('stg_pylon__issue_messages') }} as messages
    left join {{ ref('int_pylon__issues') }} as issues on messages.issue_id = issues.issue_id
),

{{ pylon.turns('issue_id', ref('int_pylon__days'), var('pylon_agent_first_seconds')) }}

-- One row a ticket with its times, by the same rules as pylon__issue_metrics.
with conversations as (
    select
        ticket_id,
        {{ pylon.count_if('is_agent_turn') }} as agent_replies,
        min(case when response_number = 1 then sent_at end) as first_response_at,
        max(case when response_number = 1 then response_seconds end) as first_response_seconds,
        max(case when response_number = 1 then response_business_seconds end) as first_response_business_seconds,
        sum(response_seconds) as answered_wait_seconds,
        sum(response_business_seconds) as answered_wait_business_seconds,
        min(case when is_unanswered then sent_at end) as unanswered_since
    from {{ ref('int_zaia__turns') }}
    group by ticket_id
),

judged as (
    select
        tickets.*,
        coalesce(conversations.agent_replies, 0) as agent_replies,
        conversations.first_response_at,
        conversations.first_response_seconds,
        conversations.first_response_business_seconds,
        conversations.answered_wait_seconds,
        conversations.answered_wait_business_seconds,
        case
            when not tickets.is_open then null
            when coalesce(conversations.agent_replies, 0) = 0 then tickets.created_at
            else conversations.unanswered_since
        end as waiting_since
    from {{ ref('int_zaia__tickets') }} as tickets
    left join conversations on tickets.ticket_id = conversations.ticket_id
)

select
    judged.ticket_id,
    judged.agent_replies,
    judged.first_response_at,
    judged.first_response_seconds,
    judged.first_response_business_seconds,
    judged.waiting_since,
    case when judged.waiting_since is not null
        then greatest(0, {{ pylon.seconds_between('judged.waiting_since', 'as_of.as_of') }}) end as waiting_seconds,
    {{ pylon.whole_wait('judged', 'waited', 'known', 'as_of.as_of') }}
    {{ pylon.seconds_between('judged.created_at', 'judged.resolved_at') }} as resolution_seconds,
    {{ pylon.business_seconds('created', 'judged.created_at', 'resolved', 'judged.resolved_at') }} as resolution_business_seconds,
    case when judged.is_open then {{ pylon.seconds_between('judged.created_at', 'as_of.as_of') }} end as age_seconds
from judged
cross join {{ ref('int_zaia__as_of') }} as as_of
left join {{ ref('int_zaia__days') }} as created
    on {{ pylon.on_day('created', 'judged.created_at', 'judged.created_on', 'judged.schedule') }}
left join {{ ref('int_zaia__days') }} as resolved
    on {{ pylon.on_day('resolved', 'judged.resolved_at', 'judged.resolved_on', 'judged.schedule') }}
left join {{ ref('int_zaia__days') }} as waited
    on {{ pylon.on_day('waited', 'judged.waiting_since', pylon.local_day('judged.waiting_since'), 'judged.schedule') }}
left join {{ ref('int_zaia__days') }} as known
    on {{ pylon.on_day('known', 'as_of.as_of', 'as_of.as_of_day', 'judged.schedule') }}

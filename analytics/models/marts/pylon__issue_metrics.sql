{%- set categories = ['new', 'waiting_on_you', 'waiting_on_customer', 'on_hold', 'closed'] %}
with turns as (
    select
        turns.*,
        issues.is_open,
        (turns.is_customer_turn and turns.sent_at > issues.resolution_at
            and (issues.is_open or not turns.is_unanswered)) as is_reopening
    from {{ ref('int_pylon__turns') }} as turns
    inner join {{ ref('int_pylon__issues') }} as issues on turns.issue_id = issues.issue_id
),

conversations as (
    select
        issue_id,
        count(*) as messages,
        {{ pylon.count_if('is_agent_turn') }} as agent_replies,
        {{ pylon.count_if("side = 'agent' and is_private") }} as agent_notes,
        {{ pylon.count_if('is_customer_turn') }} as customer_messages,
        {{ pylon.count_if("side = 'customer' and is_private") }} as customer_notes,
        {{ pylon.count_if("side = 'automation'") }} as automation_messages,
        count(distinct case when is_agent_turn then author_user_id end) as agents_replying,
        {{ pylon.any_of('is_agent_first') }} as is_agent_first,
        min(case when is_customer_turn then sent_at end) as first_customer_message_at,
        max(case when is_customer_turn then sent_at end) as last_customer_message_at,
        max(case when is_agent_turn then sent_at end) as last_agent_reply_at,
        min(case when response_number = 1 then sent_at end) as first_response_at,
        max(case when response_number = 1 then author_user_id end) as first_response_user_id,
        max(case when response_number = 1 then response_seconds end) as first_response_seconds,
        max(case when response_number = 1 then response_business_seconds end) as first_response_business_seconds,
        {{ pylon.count_if('response_number > 1') }} as next_responses,
        {{ pylon.mean('case when response_number > 1 then response_seconds end') }} as next_response_seconds_avg,
        max(case when response_number > 1 then response_seconds end) as next_response_seconds_max,
        {{ pylon.mean('case when response_number > 1 then response_business_seconds end') }} as next_response_business_seconds_avg,
        sum(response_seconds) as answered_wait_seconds,
        sum(response_business_seconds) as answered_wait_business_seconds,
        min(case when is_unanswered then sent_at end) as unanswered_since,
        count(distinct case when is_reopening then exchange_number end) as reopening_exchanges
    from turns
    group by issue_id
),

statuses as (
    select
        times.issue_id
        {%- for category in categories %},
        sum(case when coalesce(names.status_category, times.status) = '{{ category }}' then times.seconds end)
            as seconds_{{ category }},
        sum(case when coalesce(names.status_category, times.status) = '{{ category }}' then times.business_seconds end)
            as business_seconds_{{ category }}
        {%- endfor %},
        sum(case when coalesce(names.status_category, times.status) not in ('{{ categories | join("', '") }}') then times.seconds end)
            as seconds_other,
        sum(case when coalesce(names.status_category, times.status) not in ('{{ categories | join("', '") }}')
            then times.business_seconds end) as business_seconds_other
    from {{ ref('stg_pylon__issue_status_times') }} as times
    left join {{ ref('stg_pylon__issue_statuses') }} as names on times.status = names.status
    group by times.issue_id
),

issues as (
    select
        issues.*,
        conversations.messages,
        conversations.agent_replies,
        conversations.agent_notes,
        conversations.customer_messages,
        conversations.customer_notes,
        conversations.automation_messages,
        conversations.agents_replying,
        coalesce(conversations.is_agent_first, false) as is_agent_first,
        conversations.last_customer_message_at,
        conversations.last_agent_reply_at,
        conversations.first_response_at,
        conversations.first_response_user_id,
        conversations.first_response_seconds,
        conversations.first_response_business_seconds,
        conversations.next_responses,
        conversations.next_response_seconds_avg,
        conversations.next_response_seconds_max,
        conversations.next_response_business_seconds_avg,
        conversations.reopening_exchanges,
        conversations.unanswered_since,
        conversations.answered_wait_seconds,
        conversations.answered_wait_business_seconds,
        case
            when conversations.is_agent_first then conversations.first_customer_message_at
            else coalesce(least(conversations.first_customer_message_at, issues.created_at), issues.created_at)
        end as requested_at
    from {{ ref('int_pylon__issues') }} as issues
    left join conversations on issues.issue_id = conversations.issue_id
),

judged as (
    select
        *,
        {{ pylon.local_day('resolution_at') }} as resolution_day,
        case
            when not is_open then null
            when coalesce(agent_replies, 0) = 0 then requested_at
            else unanswered_since
        end as waiting_since,
        greatest(coalesce(reopening_exchanges, 0), case when is_open and resolution_at is not null then 1 else 0 end)
            as reopenings
    from issues
)

select
    judged.issue_id,
    raw.issue_number,
    judged.created_at,
    judged.created_on,
    judged.state,
    judged.state_category,
    judged.is_open,
    judged.schedule,
    judged.is_agent_first,
    judged.requested_at,

    judged.first_response_at,
    judged.first_response_user_id,
    judged.first_response_seconds,
    judged.first_response_business_seconds,
    coalesce(judged.next_responses, 0) as next_responses,
    judged.next_response_seconds_avg,
    judged.next_response_seconds_max,
    judged.next_response_business_seconds_avg,
    judged.waiting_since,
    case when judged.waiting_since is not null
        then greatest(0, {{ pylon.seconds_between('judged.waiting_since', 'as_of.as_of') }}) end as waiting_seconds,
    {{ pylon.whole_wait('judged', 'waited', 'known', 'as_of.as_of') }}

    case when not judged.is_open then judged.resolution_at end as resolved_at,
    case when not judged.is_open then {{ pylon.seconds_between('judged.created_at', 'judged.resolution_at') }} end
        as resolution_seconds,
    case when not judged.is_open
        then {{ pylon.business_seconds('created', 'judged.created_at', 'resolved', 'judged.resolution_at') }} end
        as resolution_business_seconds,
    judged.closed_at,
    judged.closed_on,
    judged.is_closed_at_estimated,
    case when judged.is_open then {{ pylon.seconds_between('judged.created_at', 'as_of.as_of') }} end as age_seconds,
    judged.reopenings,
    judged.reopenings > 0 as is_reopened,

    coalesce(judged.messages, 0) as messages,
    coalesce(judged.agent_replies, 0) as agent_replies,
    coalesce(judged.agent_notes, 0) as agent_notes,
    coalesce(judged.customer_messages, 0) as customer_messages,
    coalesce(judged.customer_notes, 0) as customer_notes,
    coalesce(judged.automation_messages, 0) as automation_messages,
    coalesce(judged.agents_replying, 0) as agents_replying,
    judged.last_customer_message_at,
    judged.last_agent_reply_at,
    not judged.is_open and coalesce(judged.agent_replies, 0) = 1 and judged.reopenings = 0 as is_one_touch,
    not judged.is_open and coalesce(judged.agent_replies, 0) = 0 as is_no_touch,

    {%- for kind in ['', 'business_'] %}
    {%- set new, ours = 'statuses.' ~ kind ~ 'seconds_new', 'statuses.' ~ kind ~ 'seconds_waiting_on_you' %}
    cast(coalesce({{ new }} + {{ ours }}, {{ new }}, {{ ours }}) as {{ dbt.type_bigint() }}) as agent_work_{{ kind }}seconds,
    {%- endfor %}
    {%- for category in categories + ['other'] %}
    cast(statuses.seconds_{{ category }} as {{ dbt.type_bigint() }}) as seconds_{{ category }},
    cast(statuses.business_seconds_{{ category }} as {{ dbt.type_bigint() }}) as business_seconds_{{ category }},
    {%- endfor %}

    raw.first_response_due_at,
    case
        when raw.first_response_due_at is null then null
        else coalesce(
            raw.pylon_first_response_at,
            judged.first_response_at,
            case when not judged.is_open then judged.closed_at end,
            as_of.as_of
        ) > raw.first_response_due_at
    end as is_first_response_breached,
    raw.resolution_due_at,
    case
        when raw.resolution_due_at is null then null
        else coalesce(case when not judged.is_open then judged.closed_at end, as_of.as_of) > raw.resolution_due_at
    end as is_resolution_breached,

    raw.pylon_first_response_at,
    raw.pylon_first_response_seconds,
    raw.pylon_first_response_business_seconds,
    raw.pylon_resolution_seconds,
    raw.pylon_resolution_business_seconds,
    raw.pylon_touches,
    raw.active_seconds,
    raw.active_business_seconds
from judged
inner join {{ ref('stg_pylon__issues') }} as raw on judged.issue_id = raw.issue_id
cross join {{ ref('int_pylon__as_of') }} as as_of
left join statuses on judged.issue_id = statuses.issue_id
left join {{ ref('int_pylon__days') }} as created
    on {{ pylon.on_day('created', 'judged.created_at', 'judged.created_on', 'judged.schedule') }}
left join {{ ref('int_pylon__days') }} as resolved
    on {{ pylon.on_day('resolved', 'judged.resolution_at', 'judged.resolution_day', 'judged.schedule') }}
left join {{ ref('int_pylon__days') }} as waited
    on {{ pylon.on_day('waited', 'judged.waiting_since', pylon.local_day('judged.waiting_since'), 'judged.schedule') }}
left join {{ ref('int_pylon__days') }} as known
    on {{ pylon.on_day('known', 'as_of.as_of', 'as_of.as_of_day', 'judged.schedule') }}

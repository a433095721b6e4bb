{#
  The rest of a query whose common table expression `messages` has the messages of conversations: each with its place
  in its conversation. `key` names the column of the conversation, `days` the desk's days, and within
  `agent_first_seconds` of the creation an agent's message opened it; none where agents never do. `schedule` says whose
  working hours count.
#}
{% macro turns(key, days, agent_first_seconds=none) -%}
{%- set so_far = 'partition by ' ~ key ~ ' order by sent_at, message_id rows between unbounded preceding and' -%}
numbered as (
    select
        *,
        row_number() over (partition by {{ key }} order by sent_at, message_id) as position,
        sum(case when is_turn then 1 else 0 end) over ({{ so_far }} current row) as turn_number,
        coalesce(sum(case when is_agent_turn then 1 else 0 end) over ({{ so_far }} 1 preceding), 0) as agent_turns_before,
        sum(case when is_agent_turn then 1 else 0 end) over (partition by {{ key }}) as agent_turns,
        max(case when is_agent_turn then sent_at end) over ({{ so_far }} 1 preceding) as last_agent_at,
        max(case when is_customer_turn then sent_at end) over ({{ so_far }} 1 preceding) as last_customer_at
    from messages
),

opened as (
    select
        *,
        {%- if agent_first_seconds is none %}
        false as is_agent_first,
        {%- else %}
        max(case
            when turn_number = 1 and is_agent_turn
                and sent_at <= {{ pylon.add_seconds('created_at', agent_first_seconds) }} then 1 else 0
        end) over (partition by {{ key }}) = 1 as is_agent_first,
        {%- endif %}
        min(case when is_customer_turn then sent_at end) over (partition by {{ key }}, agent_turns_before) as asked_at
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
            over ({{ so_far }} current row) end as response_number
    from answered
)

select
    dated.message_id,
    dated.{{ key }},
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
left join {{ days }} as asked on {{ pylon.on_day('asked', 'dated.waiting_since', 'dated.waiting_since_day', 'dated.schedule') }}
left join {{ days }} as told
    on dated.waiting_since is not null and {{ pylon.on_day('told', 'dated.sent_at', 'dated.sent_on', 'dated.schedule') }}
{%- endmacro %}

{#
  A query of the spans of days, both ends included, at whose end a conversation was open, with the state that it shows.
  It is open from its creation to the day before it was closed. `key` names its column.
#}
{% macro open_spans(key, issues, turns, as_of) -%}
with open_issues as (
    select
        issues.{{ key }},
        issues.created_on,
        least(coalesce({{ pylon.add_days('issues.closed_on', -1) }}, as_of.as_of_day), as_of.as_of_day) as last_day,
        {{ pylon.add_days('as_of.as_of_day', 1 - var('pylon_history_days')) }} as horizon
    from {{ issues }} as issues
    cross join {{ as_of }} as as_of
),

turns as (
    select
        turns.{{ key }},
        greatest(turns.sent_on, issues.created_on) as from_day,
        turns.side,
        turns.exchange_number,
        turns.is_agent_turn,
        turns.turn_number
    from {{ turns }} as turns
    inner join {{ issues }} as issues on turns.{{ key }} = issues.{{ key }}
    where turns.is_turn
),

ranked as (
    select
        {{ key }},
        from_day,
        case
            when is_agent_turn then 'waiting_on_customer'
            when exchange_number = 1 then 'new'
            else 'waiting_on_you'
        end as state,
        row_number() over (partition by {{ key }}, from_day order by turn_number desc) as place
    from turns
),

changes as (
    select {{ key }}, from_day, state from ranked where place = 1
    union all
    select open_issues.{{ key }}, open_issues.created_on, 'new'
    from open_issues
    left join ranked on open_issues.{{ key }} = ranked.{{ key }} and open_issues.created_on = ranked.from_day and ranked.place = 1
    where ranked.{{ key }} is null
),

followed as (
    select
        {{ key }},
        from_day,
        state,
        lead(from_day) over (partition by {{ key }} order by from_day) as next_day
    from changes
)

select
    followed.{{ key }},
    followed.state,
    greatest(followed.from_day, open_issues.horizon) as first_day,
    least(coalesce({{ pylon.add_days('followed.next_day', -1) }}, open_issues.last_day), open_issues.last_day) as last_day,
    open_issues.created_on
from followed
inner join open_issues on followed.{{ key }} = open_issues.{{ key }}
where greatest(followed.from_day, open_issues.horizon)
    <= least(coalesce({{ pylon.add_days('followed.next_day', -1) }}, open_issues.last_day), open_issues.last_day)
{%- endmacro %}

{#
  The columns with all that a customer has waited in a conversation: until each answer, and since `waiting_since` for the
  one to come. `waited` and `known` are the days of that and of the last load, `as_of` the moment of the latter.
#}
{% macro whole_wait(conversation, waited, known, as_of) -%}
    cast(coalesce({{ conversation }}.answered_wait_seconds, 0) + case when {{ conversation }}.waiting_since is null then 0
        else greatest(0, {{ pylon.seconds_between(conversation ~ '.waiting_since', as_of) }}) end as {{ dbt.type_bigint() }})
        as requester_wait_seconds,
    cast(coalesce({{ conversation }}.answered_wait_business_seconds, 0) + case when {{ conversation }}.waiting_since is null then 0
        else coalesce(greatest(0, {{ pylon.business_seconds(waited, conversation ~ '.waiting_since', known, as_of) }}), 0) end
        as {{ dbt.type_bigint() }}) as requester_wait_business_seconds,
{%- endmacro %}

-- A wait that somebody ended, one that goes on, or none at all: each is an event, and the first target that fits it counts.
{%- set targets = var('pylon_targets') %}
with responses as (
    select
        {{ pylon.desk_key('pylon', 'issue_id') }} as ticket_key,
        response_number,
        waiting_since,
        sent_at
    from {{ ref('int_pylon__turns') }}
    where response_number is not null
    union all
    select {{ pylon.desk_key('zaia', 'ticket_id') }}, response_number, waiting_since, sent_at
    from {{ ref('int_zaia__turns') }}
    where response_number is not null
),

counted as (
    select ticket_key, max(response_number) as responses
    from responses
    group by ticket_key
),

tickets as (
    select
        tickets.*,
        coalesce(counted.responses, 0) as responses,
        desks.as_of
    from {{ ref('support__tickets') }} as tickets
    inner join {{ ref('support__desks') }} as desks on tickets.desk = desks.desk
    left join counted on tickets.ticket_key = counted.ticket_key
),

happened as (
    select
        ticket_key,
        case when response_number = 1 then 'first_response' else 'next_response' end as event,
        response_number as event_number,
        waiting_since as started_at,
        sent_at as reached_at
    from responses
    union all
    select ticket_key, 'first_response', 1, requested_at, cast(null as {{ pylon.type_instant() }})
    from tickets
    where responses = 0 and requested_at is not null
    union all
    select ticket_key, 'next_response', responses + 1, waiting_since, cast(null as {{ pylon.type_instant() }})
    from tickets
    where responses > 0 and waiting_since is not null
    union all
    select ticket_key, 'resolution', 1, created_at, coalesce(resolved_at, closed_at)
    from tickets
),

fitted as (
    select
        tickets.*,
        happened.event,
        happened.event_number,
        happened.started_at,
        happened.reached_at,
        coalesce(happened.reached_at, tickets.closed_at, tickets.as_of) as ended_at,
        {%- if not targets %}
        cast(null as integer) as target
        {%- else %}
        case
            {%- for one in targets %}
            when happened.event = {{ pylon.text_literal(one.event) }}
                {%- if 'desk' in one %} and tickets.desk = {{ pylon.text_literal(one.desk) }}{% endif %}
                {%- if 'teams' in one %} and {{ pylon.is_team('tickets.team_id', 'tickets.team_name', one.teams) }}{% endif %}
                {%- if 'priorities' in one %} and lower(tickets.priority) in (
                    {%- for priority in one.priorities %}{{ pylon.text_literal(priority | lower) }}{{ ', ' if not loop.last }}{% endfor -%}
                ){% endif %} then {{ loop.index }}
            {%- endfor %}
        end as target
        {%- endif %}
    from happened
    inner join tickets on happened.ticket_key = tickets.ticket_key
),

targets as (
    {%- for one in targets %}
    {{ 'union all' if not loop.first }}
    select
        {{ loop.index }} as target,
        {{ pylon.text_literal(one.get('name', one.event)) }} as target_name,
        cast({{ (one.minutes * 60) | round | int }} as {{ dbt.type_bigint() }}) as target_seconds,
        {{ 'true' if one.get('round_the_clock') else 'false' }} as is_round_the_clock
    {%- else %}
    select
        cast(null as integer) as target,
        cast(null as {{ dbt.type_string() }}) as target_name,
        cast(null as {{ dbt.type_bigint() }}) as target_seconds,
        false as is_round_the_clock
    {%- endfor %}
),

days as (
    select 'pylon' as desk, schedule, date_day, opens_at, business_seconds, business_seconds_before
    from {{ ref('int_pylon__days') }}
    union all
    select 'zaia', schedule, date_day, opens_at, business_seconds, business_seconds_before
    from {{ ref('int_zaia__days') }}
),

measured as (
    select
        fitted.*,
        targets.target_name,
        targets.target_seconds,
        targets.is_round_the_clock,
        case
            when targets.is_round_the_clock then {{ pylon.seconds_between('fitted.started_at', 'fitted.ended_at') }}
            else {{ pylon.business_seconds('started', 'fitted.started_at', 'ended', 'fitted.ended_at') }}
        end as between_seconds
    from fitted
    inner join targets on fitted.target = targets.target
    left join days as started on fitted.desk = started.desk
        and {{ pylon.on_day('started', 'fitted.started_at', pylon.local_day('fitted.started_at'), 'fitted.schedule') }}
    left join days as ended on fitted.desk = ended.desk
        and {{ pylon.on_day('ended', 'fitted.ended_at', pylon.local_day('fitted.ended_at'), 'fitted.schedule') }}
),

timed as (
    select *, case when between_seconds < 0 then 0 else between_seconds end as elapsed_seconds
    from measured
)

select
    ticket_key,
    desk,
    ticket_id,
    event,
    event_number,
    target_name,
    priority,
    team_id,
    team_name,
    assignee_id,
    assignee_name,
    schedule,
    is_round_the_clock,
    target_seconds,
    started_at,
    {{ pylon.local_day('started_at') }} as started_on,
    reached_at,
    elapsed_seconds,
    target_seconds - elapsed_seconds as seconds_left,
    case
        when elapsed_seconds is null then 'untimed'
        when elapsed_seconds > target_seconds then case when reached_at is null and is_open then 'overdue' else 'breached' end
        when reached_at is not null then 'met'
        when is_open then 'running'
        else 'closed'
    end as outcome
from timed

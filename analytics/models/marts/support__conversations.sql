-- Only headings begin with three dashes and a blank: a line of a message that does so gets a blank before it, so that a
-- text can be taken apart again, whatever customers write.
{%- set most = var('pylon_conversation_characters') %}
{%- set of_one = most // 4 %}
with repeated as (
    select distinct issues.issue_id
    from {{ ref('pylon__issues') }} as issues
    inner join {{ ref('pylon__issue_messages') }} as messages
        on issues.issue_id = messages.issue_id and issues.body_text = messages.message_text
    where messages.is_public
),

said as (
    select
        {{ pylon.desk_key('pylon', 'issues.issue_id') }} as ticket_key,
        0 as place,
        '' as message_id,
        issues.created_at as sent_at,
        'request' as side,
        true as is_public,
        issues.body_text as message_text
    from {{ ref('pylon__issues') }} as issues
    left join repeated on issues.issue_id = repeated.issue_id
    where issues.body_text <> '' and repeated.issue_id is null
    union all
    select ticket_key, 1, message_id, sent_at, side, is_public, message_text
    from {{ ref('support__messages') }}
    where ticket_key is not null
),

lined as (
    select
        ticket_key,
        place,
        message_id,
        sent_at,
        is_public,
        chr(10) || chr(10) || '--- ' || side || coalesce(', ' || {{ pylon.utc_text('sent_at') }}, '') as heading,
        replace(replace(coalesce(message_text, ''), chr(13) || chr(10), chr(10)), chr(13), chr(10)) as message_text
    from said
),

entries as (
    select
        ticket_key,
        place,
        message_id,
        sent_at,
        is_public,
        length(message_text) > {{ of_one }} as is_cut,
        heading || case when message_text = '' then '' else
            replace(chr(10) || substring(message_text, 1, {{ of_one }}), chr(10) || '--- ', chr(10) || ' --- ')
            || case when length(message_text) > {{ of_one }} then ' [...]' else '' end
        end as entry
    from lined
),

{%- set ordered = 'partition by ticket_key, is_public order by place, sent_at, message_id' %}

measured as (
    select
        ticket_key,
        place,
        sent_at,
        is_public,
        is_cut,
        entry,
        length(entry) as characters,
        row_number() over ({{ ordered }}) as position,
        sum(length(entry)) over ({{ ordered }} rows between unbounded preceding and current row) as until_here,
        sum(length(entry)) over ({{ ordered }} rows between unbounded preceding and unbounded following) as in_all
    from entries
),

judged as (
    select
        *,
        in_all <= {{ most }} or until_here <= {{ most // 2 }} or in_all - until_here + characters <= {{ most // 2 }} as is_kept,
        until_here - characters <= {{ most // 2 }} as is_before_gap
    from measured
),

texts as (
    select
        ticket_key,
        {%- for name, which in [('conversation', 'is_public'), ('notes', 'not is_public')] %}
        {{ pylon.joined(
            "case when " ~ which ~ " and is_kept then entry when " ~ which
                ~ " and is_before_gap then chr(10) || chr(10) || '--- messages are left out here' end",
            '', 'position') }} as {{ name }}_text,
        {{ pylon.count_if(which ~ ' and not is_kept') }} as {{ name }}_left_out,
        {%- endfor %}
        {{ pylon.count_if('is_public and place = 1') }} as messages,
        {{ pylon.count_if('not is_public') }} as notes,
        {{ pylon.any_of('is_cut') }} as is_cut,
        min(case when place = 1 and is_public then sent_at end) as first_message_at,
        max(case when place = 1 and is_public then sent_at end) as last_message_at
    from judged
    group by ticket_key
),

titled as (
    select
        tickets.ticket_key,
        tickets.desk,
        tickets.ticket_id,
        tickets.title,
        substring(replace(replace(coalesce(tickets.title, ''), chr(13), ' '), chr(10), ' '), 1, {{ of_one }})
            || coalesce(texts.conversation_text, '') as conversation_text,
        substring(texts.notes_text, 3) as notes_text,
        coalesce(texts.messages, 0) as messages,
        coalesce(texts.notes, 0) as notes,
        coalesce(texts.conversation_left_out, 0) as messages_left_out,
        coalesce(texts.notes_left_out, 0) as notes_left_out,
        coalesce(texts.is_cut or texts.conversation_left_out > 0 or texts.notes_left_out > 0, false) as is_shortened,
        texts.first_message_at,
        texts.last_message_at
    from {{ ref('support__tickets') }} as tickets
    left join texts on tickets.ticket_key = texts.ticket_key
)

select
    ticket_key,
    desk,
    ticket_id,
    title,
    conversation_text,
    {{ dbt.hash('conversation_text') }} as conversation_hash,
    length(conversation_text) as characters,
    messages,
    messages_left_out,
    first_message_at,
    last_message_at,
    notes_text,
    case when notes_text is not null then {{ dbt.hash('notes_text') }} end as notes_hash,
    notes,
    notes_left_out,
    is_shortened
from titled

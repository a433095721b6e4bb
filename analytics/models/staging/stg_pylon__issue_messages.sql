with messages as (
    select
        id as message_id,
        issue_id,
        {{ pylon.instant(pylon.column('timestamp')) }} as sent_at,
        {{ pylon.local_day(pylon.instant(pylon.column('timestamp'))) }} as sent_on,
        coalesce(is_private, false) as is_private,
        source,
        author_name,
        author_user_id,
        author_contact_id,
        lower(coalesce(
            {{ pylon.json_text(pylon.json_get('author', 'user'), 'email') }},
            {{ pylon.json_text(pylon.json_get('author', 'contact'), 'email') }},
            {{ pylon.json_text('email_info', 'from_email') }}
        )) as author_email,
        {{ pylon.plain_text('message_html') }} as message_text,
        {{ pylon.json_length('file_urls') }} as attachments,
        {{ pylon.json_length(pylon.json_get('email_info', 'to_emails')) }}
            + {{ pylon.json_length(pylon.json_get('email_info', 'cc_emails')) }}
            + {{ pylon.json_length(pylon.json_get('email_info', 'bcc_emails')) }} as recipients,
        {{ pylon.json_text('email_info', 'message_id') }} as email_message_id,
        thread_id,
        _synced_at as synced_at
    from {{ pylon.raw('issue_messages') }}
),

user_emails as (
    select distinct lower(email) as email from {{ pylon.raw('users') }} where email is not null
),

known_emails as (
    select email from {{ pylon.raw('contacts') }}
    union all
    select requester_email as email from {{ pylon.raw('issues') }}
),

contact_emails as (
    select distinct lower(email) as email from known_emails where email is not null
)

select
    messages.*,
    case
        {%- for one in var('pylon_automation_users') %}
        when messages.author_user_id = '{{ one }}' or messages.author_email = '{{ one | lower }}' then 'automation'
        {%- endfor %}
        when messages.author_user_id is not null then 'agent'
        when messages.author_contact_id is not null then 'customer'
        when user_emails.email is not null then 'agent'
        when contact_emails.email is not null then 'customer'
        else 'automation'
    end as side
from messages
left join user_emails
    on messages.author_user_id is null and messages.author_contact_id is null and messages.author_email = user_emails.email
left join contact_emails
    on messages.author_user_id is null and messages.author_contact_id is null and messages.author_email = contact_emails.email

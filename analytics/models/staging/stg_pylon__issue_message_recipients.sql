with messages as (
    select id as message_id, issue_id, email_info from {{ pylon.raw('issue_messages') }} where email_info is not null
),

addressed as (
    {%- for kind in ['to', 'cc', 'bcc'] %}
    select message_id, issue_id, '{{ kind }}' as kind, {{ pylon.json_get('email_info', kind ~ '_emails') }} as emails
    from messages
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

unfolded as (
    {{ pylon.unfold_list('addressed', ['message_id', 'issue_id', 'kind'], 'emails') }}
)

select message_id, issue_id, kind, position, lower({{ pylon.json_scalar('value') }}) as email
from unfolded

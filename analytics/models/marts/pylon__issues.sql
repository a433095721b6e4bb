-- depends_on: {{ ref('stg_pylon__issue_custom_fields') }}
{%- set fields = pylon.issue_custom_field_columns(var('pylon_issue_custom_fields')) %}
with tags as (
    select issue_id, {{ pylon.joined('tag', ', ', 'position') }} as tags, count(*) as tag_count
    from {{ ref('stg_pylon__issue_tags') }}
    group by issue_id
),

ratings as (
    select issue_id, count(*) as csat_responses, {{ pylon.mean('score') }} as csat_score
    from {{ ref('stg_pylon__issue_csat_responses') }}
    group by issue_id
),

links as (
    select issue_id, count(*) as external_issues, {{ pylon.joined("coalesce(link, external_id)", ' ', 'position') }} as external_issue_links
    from {{ ref('stg_pylon__issue_external_issues') }}
    group by issue_id
),

followers as (
    select issue_id, count(*) as followers
    from {{ ref('stg_pylon__issue_followers') }}
    group by issue_id
),

priorities as (
    select option_slug, option_label
    from {{ ref('stg_pylon__custom_field_options') }}
    where object_type = 'issue' and field_slug = 'priority'
)
{%- if fields %},

custom as (
    select
        issue_id
        {%- for field in fields %},
        {{ pylon.issue_custom_field(field) }} as {{ field.column }}
        {%- endfor %}
    from {{ ref('stg_pylon__issue_custom_fields') }}
    group by issue_id
)
{%- endif %}

select
    issues.issue_id,
    issues.issue_number,
    issues.title,
    issues.link,
    issues.issue_type,
    issues.source,
    issues.state,
    judged.state_label,
    judged.state_category,
    judged.is_open,
    coalesce(priorities.option_label, issues.priority) as priority,

    issues.account_id,
    accounts.account_name,
    accounts.account_type,
    accounts.domain as account_domain,
    issues.requester_id,
    requesters.contact_name as requester_name,
    coalesce(requesters.email, lower(issues.requester_email)) as requester_email,
    issues.assignee_id,
    assignees.user_name as assignee_name,
    coalesce(assignees.email, lower(issues.assignee_email)) as assignee_email,
    issues.team_id,
    teams.team_name,
    came.form_id,
    forms.form_name,

    issues.body_text,
    tags.tags,
    coalesce(tags.tag_count, 0) as tag_count,
    coalesce(links.external_issues, 0) as external_issues,
    links.external_issue_links,
    coalesce(followers.followers, 0) as followers,
    issues.attachments,
    ratings.csat_score,
    coalesce(ratings.csat_responses, 0) as csat_responses,
    issues.parent_issue_id,
    issues.child_issues,
    issues.slack_channel_id,
    issues.chat_page_url,
    issues.is_portal_visible,
    issues.is_author_unverified,
    coalesce(issues.title = 'SCRUBBED', false) as is_scrubbed,

    issues.created_at,
    issues.created_on,
    {{ pylon.weekday('issues.created_on') }} as created_weekday,
    {{ pylon.local_hour('issues.created_at') }} as created_hour,
    issues.updated_at,
    issues.latest_message_at,
    issues.snoozed_until,
    metrics.requested_at,
    metrics.first_response_at,
    metrics.first_response_seconds,
    metrics.first_response_business_seconds,
    metrics.waiting_since,
    metrics.resolved_at,
    metrics.resolution_seconds,
    metrics.resolution_business_seconds,
    metrics.closed_at,
    metrics.closed_on,
    metrics.agent_replies,
    metrics.customer_messages,
    issues.custom_fields,
    {%- for field in fields %}
    custom.{{ field.column }},
    {%- endfor %}
    issues.synced_at
from {{ ref('stg_pylon__issues') }} as issues
inner join {{ ref('int_pylon__issues') }} as judged on issues.issue_id = judged.issue_id
inner join {{ ref('pylon__issue_metrics') }} as metrics on issues.issue_id = metrics.issue_id
left join {{ ref('stg_pylon__accounts') }} as accounts on issues.account_id = accounts.account_id
left join {{ ref('stg_pylon__contacts') }} as requesters on issues.requester_id = requesters.contact_id
left join {{ ref('stg_pylon__users') }} as assignees on issues.assignee_id = assignees.user_id
left join {{ ref('stg_pylon__teams') }} as teams on issues.team_id = teams.team_id
left join {{ ref('stg_pylon__issue_forms') }} as came on issues.issue_id = came.issue_id
left join {{ ref('stg_pylon__ticket_forms') }} as forms on came.form_id = forms.form_id
left join priorities on issues.priority = priorities.option_slug
left join tags on issues.issue_id = tags.issue_id
left join ratings on issues.issue_id = ratings.issue_id
left join links on issues.issue_id = links.issue_id
left join followers on issues.issue_id = followers.issue_id
{%- if fields %}
left join custom on issues.issue_id = custom.issue_id
{%- endif %}

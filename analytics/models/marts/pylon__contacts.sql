with asked as (
    select
        issues.requester_id as contact_id,
        count(*) as issues,
        {{ pylon.count_if('metrics.is_open') }} as open_issues,
        {{ pylon.count_if('metrics.waiting_since is not null') }} as waiting_issues,
        {{ pylon.count_if('metrics.requested_at is not null and metrics.first_response_at is null') }} as unanswered_issues,
        {{ pylon.count_if('metrics.is_reopened') }} as reopened_issues,
        min(metrics.waiting_since) as waiting_since,
        {{ pylon.percentile('metrics.first_response_seconds', 0.5) }} as first_response_seconds_median,
        {{ pylon.percentile('metrics.first_response_business_seconds', 0.5) }} as first_response_business_seconds_median,
        {{ pylon.percentile('metrics.resolution_seconds', 0.5) }} as resolution_seconds_median,
        min(metrics.created_at) as first_issue_at,
        max(metrics.created_at) as last_issue_at,
        max(lower(issues.requester_email)) as email
    from {{ ref('stg_pylon__issues') }} as issues
    inner join {{ ref('pylon__issue_metrics') }} as metrics on issues.issue_id = metrics.issue_id
    where issues.requester_id is not null
    group by issues.requester_id
),

written as (
    select
        author_contact_id as contact_id,
        count(*) as messages,
        count(distinct issue_id) as issues_written_in,
        max(sent_at) as last_message_at
    from {{ ref('stg_pylon__issue_messages') }}
    where side = 'customer' and not is_private and author_contact_id is not null
    group by author_contact_id
),

rated as (
    select requester_id as contact_id, count(*) as csat_responses, {{ pylon.mean('score') }} as csat_score
    from {{ ref('pylon__csat') }}
    where requester_id is not null
    group by requester_id
),

named as (
    select contact_id from {{ ref('stg_pylon__contacts') }}
    union all
    select contact_id from asked
    union all
    select contact_id from written
),

known as (
    select distinct contact_id from named
)

select
    known.contact_id,
    contacts.contact_id is not null as is_listed,
    contacts.contact_name,
    coalesce(contacts.email, asked.email) as email,
    contacts.account_id,
    accounts.account_name,
    contacts.portal_role,
    coalesce(asked.issues, 0) as issues,
    coalesce(asked.open_issues, 0) as open_issues,
    coalesce(asked.waiting_issues, 0) as waiting_issues,
    coalesce(asked.unanswered_issues, 0) as unanswered_issues,
    coalesce(asked.reopened_issues, 0) as reopened_issues,
    asked.waiting_since,
    asked.first_response_seconds_median,
    asked.first_response_business_seconds_median,
    asked.resolution_seconds_median,
    coalesce(written.messages, 0) as messages,
    coalesce(written.issues_written_in, 0) as issues_written_in,
    coalesce(rated.csat_responses, 0) as csat_responses,
    rated.csat_score,
    asked.first_issue_at,
    asked.last_issue_at,
    written.last_message_at,
    coalesce(greatest(asked.last_issue_at, written.last_message_at), asked.last_issue_at, written.last_message_at)
        as last_seen_at
from known
left join {{ ref('stg_pylon__contacts') }} as contacts on known.contact_id = contacts.contact_id
left join {{ ref('stg_pylon__accounts') }} as accounts on contacts.account_id = accounts.account_id
left join asked on known.contact_id = asked.contact_id
left join written on known.contact_id = written.contact_id
left join rated on known.contact_id = rated.contact_id

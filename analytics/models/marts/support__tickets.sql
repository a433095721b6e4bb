select
    {{ pylon.desk_key('pylon', 'issues.issue_id') }} as ticket_key,
    'pylon' as desk,
    issues.issue_id as ticket_id,
    issues.issue_number as ticket_number,
    issues.title,
    case
        when not issues.is_open then 'closed'
        when issues.state_category in ('waiting_on_customer', 'on_hold') then 'waiting'
        else 'open'
    end as state,
    issues.state as desk_state,
    issues.state_label as desk_state_label,
    issues.is_open,
    issues.issue_type as ticket_type,
    issues.priority,
    issues.account_id as customer_id,
    issues.account_name as customer_name,
    coalesce(customers.customer_label, issues.account_id) as customer_label,
    issues.requester_email as customer_email,
    issues.assignee_id,
    issues.assignee_name,
    coalesce(agents.agent_label, issues.assignee_id) as assignee_label,
    issues.assignee_email,
    issues.team_id,
    issues.team_name,
    coalesce(teams.team_label, issues.team_id) as team_label,
    metrics.schedule,
    issues.source as channel,
    issues.created_at,
    issues.created_on,
    issues.created_weekday,
    issues.created_hour,
    metrics.is_agent_first,
    issues.requested_at,
    issues.first_response_at,
    issues.first_response_seconds,
    issues.first_response_business_seconds,
    issues.waiting_since,
    metrics.waiting_seconds,
    metrics.requester_wait_seconds,
    metrics.requester_wait_business_seconds,
    issues.resolved_at,
    issues.resolution_seconds,
    issues.resolution_business_seconds,
    issues.closed_at,
    issues.closed_on,
    metrics.age_seconds,
    metrics.messages,
    metrics.agent_replies,
    issues.link,
    issues.synced_at
from {{ ref('pylon__issues') }} as issues
inner join {{ ref('pylon__issue_metrics') }} as metrics on issues.issue_id = metrics.issue_id
left join {{ ref('support__customers') }} as customers
    on customers.desk = 'pylon' and issues.account_id = customers.customer_id
left join {{ ref('int_support__agents') }} as agents
    on agents.desk = 'pylon' and issues.assignee_id = agents.agent_id
left join {{ ref('int_support__teams') }} as teams on teams.desk = 'pylon' and issues.team_id = teams.team_id

union all

select
    {{ pylon.desk_key('zaia', 'tickets.ticket_id') }} as ticket_key,
    'zaia' as desk,
    tickets.ticket_id,
    cast(null as {{ dbt.type_bigint() }}) as ticket_number,
    tickets.summary as title,
    judged.state,
    tickets.status as desk_state,
    tickets.status as desk_state_label,
    judged.is_open,
    cast(null as {{ dbt.type_string() }}) as ticket_type,
    cast(null as {{ dbt.type_string() }}) as priority,
    tickets.owner_id as customer_id,
    tickets.owner_name as customer_name,
    coalesce(customers.customer_label, tickets.owner_id) as customer_label,
    tickets.owner_email as customer_email,
    tickets.assignee_id,
    tickets.assignee_name,
    coalesce(agents.agent_label, tickets.assignee_id) as assignee_label,
    tickets.assignee_email,
    tickets.team_id,
    tickets.team_name,
    coalesce(teams.team_label, tickets.team_id) as team_label,
    judged.schedule,
    tickets.channel_type as channel,
    tickets.created_at,
    tickets.created_on,
    {{ pylon.weekday('tickets.created_on') }} as created_weekday,
    {{ pylon.local_hour('tickets.created_at') }} as created_hour,
    false as is_agent_first,
    tickets.created_at as requested_at,
    metrics.first_response_at,
    metrics.first_response_seconds,
    metrics.first_response_business_seconds,
    metrics.waiting_since,
    metrics.waiting_seconds,
    metrics.requester_wait_seconds,
    metrics.requester_wait_business_seconds,
    judged.resolved_at,
    metrics.resolution_seconds,
    metrics.resolution_business_seconds,
    judged.closed_at,
    judged.closed_on,
    metrics.age_seconds,
    judged.messages,
    metrics.agent_replies,
    cast(null as {{ dbt.type_string() }}) as link,
    tickets.synced_at
from {{ ref('stg_zaia__tickets') }} as tickets
inner join {{ ref('int_zaia__tickets') }} as judged on tickets.ticket_id = judged.ticket_id
inner join {{ ref('int_zaia__metrics') }} as metrics on tickets.ticket_id = metrics.ticket_id
left join {{ ref('support__customers') }} as customers
    on customers.desk = 'zaia' and tickets.owner_id = customers.customer_id
left join {{ ref('int_support__agents') }} as agents
    on agents.desk = 'zaia' and tickets.assignee_id = agents.agent_id
left join {{ ref('int_support__teams') }} as teams on teams.desk = 'zaia' and tickets.team_id = teams.team_id

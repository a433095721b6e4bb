with answered as (
    select messages.ticket_id, min(messages.sent_at) as first_response_at
    from {{ ref('stg_zaia__messages') }} as messages
    inner join {{ ref('stg_zaia__tickets') }} as tickets on messages.ticket_id = tickets.ticket_id
    where messages.side = 'agent' and messages.sent_at >= tickets.created_at
    group by messages.ticket_id
),

written as (
    select ticket_id, count(*) as messages
    from {{ ref('stg_zaia__messages') }}
    group by ticket_id
),

zaia as (
    select
        tickets.*,
        case when tickets.is_closed then tickets.completed_at end as resolved_at,
        answered.first_response_at,
        coalesce(written.messages, 0) as messages
    from {{ ref('stg_zaia__tickets') }} as tickets
    left join answered on tickets.ticket_id = answered.ticket_id
    left join written on tickets.ticket_id = written.ticket_id
)

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
    issues.is_open,
    issues.account_id as customer_id,
    issues.account_name as customer_name,
    issues.requester_email as customer_email,
    issues.assignee_id,
    issues.assignee_name,
    issues.assignee_email,
    issues.team_id,
    issues.team_name,
    issues.source as channel,
    issues.created_at,
    issues.created_on,
    issues.first_response_at,
    issues.first_response_seconds,
    issues.resolved_at,
    issues.resolution_seconds,
    metrics.messages,
    issues.link,
    issues.synced_at
from {{ ref('pylon__issues') }} as issues
inner join {{ ref('pylon__issue_metrics') }} as metrics on issues.issue_id = metrics.issue_id

union all

select
    {{ pylon.desk_key('zaia', 'ticket_id') }} as ticket_key,
    'zaia' as desk,
    ticket_id,
    cast(null as {{ dbt.type_bigint() }}) as ticket_number,
    summary as title,
    case
        when is_closed then 'closed'
        when ongoing_at is not null and pending_chat_messages = 0 then 'waiting'
        else 'open'
    end as state,
    status as desk_state,
    not is_closed as is_open,
    owner_id as customer_id,
    owner_name as customer_name,
    owner_email as customer_email,
    assignee_id,
    assignee_name,
    assignee_email,
    team_id,
    team_name,
    channel_type as channel,
    created_at,
    created_on,
    first_response_at,
    {{ pylon.seconds_between('created_at', 'first_response_at') }} as first_response_seconds,
    resolved_at,
    {{ pylon.seconds_between('created_at', 'resolved_at') }} as resolution_seconds,
    messages,
    cast(null as {{ dbt.type_string() }}) as link,
    synced_at
from zaia

with spans as (
    select
        spans.state,
        spans.first_day,
        spans.last_day,
        spans.created_on,
        tickets.team_id,
        tickets.team_name,
        tickets.owner_id as customer_id,
        tickets.owner_name as customer_name,
        tickets.assignee_id,
        tickets.assignee_name
    from {{ ref('int_zaia__open_spans') }} as spans
    inner join {{ ref('stg_zaia__tickets') }} as tickets on spans.ticket_id = tickets.ticket_id
),

{%- set who = ['team_id', 'team_name', 'customer_id', 'customer_name', 'assignee_id', 'assignee_name'] %}

ticket_days as (
    {{ pylon.unfold_days('spans', ['state', 'created_on'] + who, 'first_day', 'last_day') }}
),

zaia as (
    select date_day, state, {{ who | join(', ') }}, count(*) as open_tickets, min(created_on) as oldest_created_on
    from ticket_days
    group by date_day, state, {{ who | join(', ') }}
)

select
    'pylon' as desk,
    date_day,
    state,
    daily.team_id,
    daily.team_name,
    coalesce(teams.team_label, daily.team_id) as team_label,
    account_id as customer_id,
    account_name as customer_name,
    assignee_id,
    assignee_name,
    open_issues as open_tickets,
    oldest_days
from {{ ref('pylon__backlog_daily') }} as daily
left join {{ ref('int_support__teams') }} as teams on teams.desk = 'pylon' and daily.team_id = teams.team_id

union all

select
    'zaia' as desk,
    date_day,
    state,
    zaia.team_id,
    zaia.team_name,
    coalesce(teams.team_label, zaia.team_id) as team_label,
    customer_id,
    customer_name,
    assignee_id,
    assignee_name,
    open_tickets,
    {{ pylon.days_between('oldest_created_on', 'date_day') }} as oldest_days
from zaia
left join {{ ref('int_support__teams') }} as teams on teams.desk = 'zaia' and zaia.team_id = teams.team_id

"""What the dashboard reads of the marts, in SQL that DuckDB and Postgres share."""

FEW = 12
"""A custom field can be filtered by where it has no more values than that."""

READ = {
    "issues": """
        select
            tickets.ticket_key, tickets.desk, tickets.ticket_number, tickets.created_on, tickets.created_weekday,
            tickets.created_hour, tickets.channel as source, tickets.priority, tickets.team_id, tickets.team_name,
            tickets.customer_label as account_name, tickets.assignee_id, tickets.assignee_name, tickets.is_open,
            tickets.closed_on, tickets.first_response_seconds, tickets.first_response_business_seconds,
            tickets.resolution_seconds, tickets.resolution_business_seconds,
            tickets.waiting_since is not null as is_waiting, tickets.waiting_seconds, tickets.state,
            tickets.requested_at, metrics.is_one_touch, metrics.is_reopened,
            case when tickets.waiting_since is not null then tickets.title end as title,
            case when tickets.waiting_since is not null then tickets.link end as link
        from support__tickets as tickets
        left join pylon__issue_metrics as metrics
            on tickets.desk = 'pylon' and tickets.ticket_id = metrics.issue_id""",
    "people": """
        select distinct desk, assignee_id as id, assignee_name as name, assignee_email as detail
        from support__tickets
        where assignee_id is not null and assignee_name is not null
        union
        select distinct desk, author_id, author_name, cast(null as varchar(1))
        from support__messages
        where is_reply and author_id is not null and author_name is not null""",
    "tags": """
        select tickets.ticket_key, tags.tag
        from stg_pylon__issue_tags as tags
        inner join support__tickets as tickets on tickets.desk = 'pylon' and tags.issue_id = tickets.ticket_id""",
    "fields": f"""
        select
            'pylon:' || held.issue_id as ticket_key, held.field_slug,
            coalesce(known.field_label, held.field_slug) as label, held.value_label as value
        from stg_pylon__issue_custom_fields as held
        left join stg_pylon__custom_fields as known
            on known.object_type = 'issue' and held.field_slug = known.field_slug
        where
            held.field_slug <> 'priority'
            and held.value_label <> ''
            and held.field_slug in (
                select field_slug
                from stg_pylon__issue_custom_fields
                group by field_slug
                having count(distinct value_label) between 2 and {FEW}
            )""",
    "backlog": """
        select 'pylon' as desk, 'pylon:' || issue_id as ticket_key, state, first_day, last_day
        from int_pylon__open_spans
        where first_day <= last_day
        union all
        select 'zaia', 'zaia:' || ticket_id, state, first_day, last_day
        from int_zaia__open_spans
        where first_day <= last_day""",
    "recorded": """
        with as_of as (select as_of_day from support__desks where desk = 'pylon'),
        records as (
            select issue_id, recorded_on, recorded_at, state, team_id, assignee_id from stg_pylon__issue_snapshots
            union all
            select issues.issue_id, as_of.as_of_day, issues.synced_at, issues.state, issues.team_id, issues.assignee_id
            from stg_pylon__issues as issues
            cross join as_of
            where exists (select 1 from stg_pylon__issue_snapshots)
        ),
        ranked as (
            select
                *,
                row_number() over (partition by issue_id, recorded_on order by recorded_at desc) as newest
            from records
        ),
        spans as (
            select
                *,
                lead(recorded_on) over (partition by issue_id order by recorded_on) - 1 as until_day
            from ranked
            where newest = 1
        )
        select
            'pylon' as desk, 'pylon:' || spans.issue_id as ticket_key,
            coalesce(statuses.status_label, spans.state) as state,
            spans.team_id, teams.team_name, spans.assignee_id, users.user_name as assignee_name,
            spans.recorded_on as first_day, coalesce(spans.until_day, as_of.as_of_day) as last_day
        from spans
        cross join as_of
        inner join stg_pylon__issues as issues on spans.issue_id = issues.issue_id
        left join stg_pylon__issue_statuses as statuses on spans.state = statuses.status
        left join stg_pylon__teams as teams on spans.team_id = teams.team_id
        left join stg_pylon__users as users on spans.assignee_id = users.user_id
        where not coalesce(statuses.is_closed, spans.state = 'closed', false)""",
    "replies": """
        select desk, ticket_key, sent_on, author_id, author_name, count(*) as replies
        from support__messages
        where is_reply and ticket_key is not null
        group by desk, ticket_key, sent_on, author_id, author_name""",
    "responses": """
        select ticket_key, sent_on, response_seconds, response_business_seconds
        from support__messages
        where response_number > 1""",
    "desks": "select desk, read_at, as_of_day from support__desks",
    "accounts": """
        select health.*, customers.desk, customers.customer_label
        from pylon__account_health as health
        inner join support__customers as customers
            on customers.desk = 'pylon' and health.account_id = customers.customer_id""",
    "limits": "select open_days, unanswered_hours, csat_below, volume_growth from int_pylon__risk_limits",
    "ratings": """
        select
            tickets.ticket_key, tickets.ticket_number, ratings.date_day, ratings.score, ratings.is_satisfied,
            ratings.comment, case when ratings.comment is not null then tickets.title end as title,
            case when ratings.comment is not null then tickets.link end as link
        from pylon__csat as ratings
        inner join support__tickets as tickets on tickets.desk = 'pylon' and ratings.issue_id = tickets.ticket_id""",
    "targets": """
        select 'pylon:' || issue_id as ticket_key, due_on, outcome
        from pylon__sla
        where outcome in ('met', 'breached', 'overdue')""",
    "tables": "select table_name, row_count, newest_row_at, last_load_at, issues_never_read from pylon__sync_freshness",
}

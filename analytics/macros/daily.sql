{#
  The common table expressions `created`, `closed`, `backlog` and `issue_days`: of each day and each value of a column
  of issues, how many were created, how many were closed and how fast, and how many were open at its end. Issues
  count for whom they belong to now: Pylon keeps no log of moves.
#}
{% macro daily_issue_counts(key, condition='true') -%}
created as (
    select created_on as date_day, {{ key }}, count(*) as created_issues
    from {{ ref('int_pylon__issues') }}
    where {{ condition }}
    group by created_on, {{ key }}
),

closed as (
    select
        metrics.closed_on as date_day,
        issues.{{ key }},
        count(*) as closed_issues,
        {{ pylon.percentile('metrics.resolution_seconds', 0.5) }} as resolution_seconds_median
    from {{ ref('pylon__issue_metrics') }} as metrics
    inner join {{ ref('int_pylon__issues') }} as issues on metrics.issue_id = issues.issue_id
    where metrics.closed_on is not null and {{ condition }}
    group by metrics.closed_on, issues.{{ key }}
),

backlog as (
    select
        date_day,
        {{ key }},
        sum(open_issues) as open_issues,
        sum(case when state in ('new', 'waiting_on_you') then open_issues else 0 end) as waiting_on_you
    from {{ ref('pylon__backlog_daily') }}
    where {{ condition }}
    group by date_day, {{ key }}
),

counted as (
    select date_day, {{ key }}, created_issues, 0 as closed_issues, null as resolution_seconds_median,
        0 as open_issues, 0 as waiting_on_you from created
    union all
    select date_day, {{ key }}, 0, closed_issues, resolution_seconds_median, 0, 0 from closed
    union all
    select date_day, {{ key }}, 0, 0, null, open_issues, waiting_on_you from backlog
),

issue_days as (
    select
        date_day,
        {{ key }},
        {{ pylon.total('created_issues') }} as created_issues,
        {{ pylon.total('closed_issues') }} as closed_issues,
        max(resolution_seconds_median) as resolution_seconds_median,
        {{ pylon.total('open_issues') }} as open_issues,
        {{ pylon.total('waiting_on_you') }} as waiting_on_you
    from counted
    group by date_day, {{ key }}
)
{%- endmacro %}

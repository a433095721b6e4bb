with issues as (
    select
        metrics.*,
        issues.account_id,
        as_of.as_of_day,
        {{ pylon.days_between('metrics.created_on', 'as_of.as_of_day') }} as days_ago
    from {{ ref('pylon__issue_metrics') }} as metrics
    inner join {{ ref('int_pylon__issues') }} as issues on metrics.issue_id = issues.issue_id
    cross join {{ ref('int_pylon__as_of') }} as as_of
),

counted as (
    select
        account_id,
        count(*) as issues,
        {{ pylon.count_if('days_ago < 30') }} as issues_30d,
        {{ pylon.count_if('days_ago >= 30 and days_ago < 60') }} as issues_previous_30d,
        {{ pylon.count_if('days_ago < 90') }} as issues_90d,
        {{ pylon.count_if('is_open') }} as open_issues,
        {{ pylon.count_if('waiting_since is not null') }} as waiting_issues,
        max(case when is_open then days_ago end) as oldest_open_days,
        max(waiting_seconds) as longest_waiting_seconds,
        {{ pylon.percentile('case when days_ago < 90 then first_response_seconds end', 0.5) }}
            as first_response_seconds_median_90d,
        {{ pylon.percentile('case when days_ago < 90 then resolution_seconds end', 0.5) }} as resolution_seconds_median_90d,
        {{ pylon.count_if('days_ago < 90 and (is_first_response_breached or is_resolution_breached)') }}
            as breached_issues_90d,
        {{ pylon.count_if('days_ago < 90 and is_reopened') }} as reopened_issues_90d,
        max(created_at) as last_issue_at,
        max(last_customer_message_at) as last_customer_message_at
    from issues
    group by account_id
),

ratings as (
    select csat.account_id, count(*) as csat_responses_90d, {{ pylon.mean('csat.score') }} as csat_score_90d
    from {{ ref('pylon__csat') }} as csat
    cross join {{ ref('int_pylon__as_of') }} as as_of
    where {{ pylon.days_between('csat.date_day', 'as_of.as_of_day') }} < 90
    group by csat.account_id
),

measured as (
    select
        accounts.account_id,
        accounts.account_name,
        accounts.account_type,
        accounts.is_disabled,
        accounts.domain,
        accounts.owner_id,
        users.user_name as owner_name,
        coalesce(counted.issues, 0) as issues,
        coalesce(counted.issues_30d, 0) as issues_30d,
        coalesce(counted.issues_previous_30d, 0) as issues_previous_30d,
        coalesce(counted.issues_90d, 0) as issues_90d,
        cast(counted.issues_30d as {{ pylon.type_number() }}) / nullif(counted.issues_previous_30d, 0) as volume_trend,
        coalesce(counted.open_issues, 0) as open_issues,
        coalesce(counted.waiting_issues, 0) as waiting_issues,
        counted.oldest_open_days,
        counted.longest_waiting_seconds,
        counted.first_response_seconds_median_90d,
        counted.resolution_seconds_median_90d,
        coalesce(counted.breached_issues_90d, 0) as breached_issues_90d,
        coalesce(counted.reopened_issues_90d, 0) as reopened_issues_90d,
        coalesce(ratings.csat_responses_90d, 0) as csat_responses_90d,
        ratings.csat_score_90d,
        counted.last_issue_at,
        counted.last_customer_message_at,
        accounts.latest_customer_activity_at
    from {{ ref('stg_pylon__accounts') }} as accounts
    left join {{ ref('stg_pylon__users') }} as users on accounts.owner_id = users.user_id
    left join counted on accounts.account_id = counted.account_id
    left join ratings on accounts.account_id = ratings.account_id
),

judged as (
    select
        *,
        coalesce(oldest_open_days > {{ var('pylon_risk_open_days') }}, false) as is_backlog_old,
        coalesce(longest_waiting_seconds > 3600 * {{ var('pylon_risk_unanswered_hours') }}, false) as is_unanswered_long,
        coalesce(csat_score_90d < {{ var('pylon_risk_csat_below') }}, false) as is_csat_low,
        issues_30d >= 5 and (
            issues_previous_30d = 0 or volume_trend >= {{ var('pylon_risk_volume_growth') }}
        ) as is_volume_rising
    from measured
)

select
    *,
    case when is_backlog_old then 1 else 0 end
        + case when is_unanswered_long then 1 else 0 end
        + case when is_csat_low then 1 else 0 end
        + case when is_volume_rising then 1 else 0 end as risks,
    is_backlog_old or is_unanswered_long or is_csat_low or is_volume_rising as is_at_risk
from judged

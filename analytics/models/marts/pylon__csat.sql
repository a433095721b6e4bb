select
    ratings.issue_id,
    ratings.position,
    issues.issue_number,
    issues.title,
    ratings.score,
    ratings.comment,
    ratings.score >= {{ var('pylon_csat_satisfied_from') }} as is_satisfied,
    coalesce(issues.closed_on, issues.created_on) as date_day,
    issues.created_on,
    issues.closed_on,
    issues.account_id,
    issues.account_name,
    issues.requester_id,
    issues.assignee_id,
    issues.assignee_name,
    issues.team_id,
    issues.team_name,
    issues.source
from {{ ref('stg_pylon__issue_csat_responses') }} as ratings
inner join {{ ref('pylon__issues') }} as issues on ratings.issue_id = issues.issue_id

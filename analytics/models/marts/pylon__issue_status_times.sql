select
    times.issue_id,
    times.status,
    coalesce(statuses.status_label, times.status) as status_label,
    coalesce(statuses.status_category, times.status) as status_category,
    times.seconds,
    times.business_seconds
from {{ ref('stg_pylon__issue_status_times') }} as times
left join {{ ref('stg_pylon__issue_statuses') }} as statuses on times.status = statuses.status

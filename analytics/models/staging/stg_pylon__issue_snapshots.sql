select
    id as snapshot_id,
    issue_id,
    state,
    assignee_id,
    team_id,
    tags,
    custom_fields,
    {{ pylon.instant('first_response_time') }} as pylon_first_response_at,
    {{ pylon.instant('resolution_time') }} as resolution_at,
    recorded_at,
    {{ pylon.local_day('recorded_at') }} as recorded_on
from {{ pylon.raw('issue_snapshots') }}

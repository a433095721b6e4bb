select
    issue_id,
    child,
    {{ pylon.instant('issue_updated_at') }} as issue_updated_at,
    {{ pylon.instant('latest_message_time') }} as latest_message_at,
    row_count,
    synced_at,
    load_id
from {{ pylon.raw('issue_sync') }}

select
    id as thread_id,
    issue_id,
    name as thread_name,
    source,
    channel_id,
    thread_id as platform_thread_id,
    _synced_at as synced_at
from {{ pylon.raw('issue_threads') }}

select issue_id, child, issue_updated_at, latest_message_time as latest_message_at, row_count, synced_at, load_id
from {{ pylon.raw('issue_sync') }}

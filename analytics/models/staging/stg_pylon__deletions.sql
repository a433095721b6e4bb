select {{ pylon.column('table') }} as table_name, id as row_id, nullif(parent_id, '') as issue_id, detected_at, evidence
from {{ pylon.raw('deletions') }}

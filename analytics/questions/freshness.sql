-- How fresh the copy is
-- Rows and age of each table when the tables for analysis were built, and of how many issues the conversations are missing.
select
    table_name,
    row_count,
    newest_row_at,
    last_load_at,
    round(cast(seconds_since_last_load / 3600.0 as numeric), 1) as hours_since_load,
    is_stale as stale,
    issues_never_read
from pylon__sync_freshness
order by row_count desc, table_name

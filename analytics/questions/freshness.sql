-- How fresh the copy is
-- Rows of each table of Pylon's when the tables for analysis were built, when the newest was read (UTC), and of how many issues the conversations are missing.
select
    table_name,
    row_count,
    newest_row_at,
    last_load_at,
    issues_never_read
from pylon__sync_freshness
order by row_count desc, table_name

select load_id, schema_name, inserted_at as loaded_at
from {{ pylon.raw('_dlt_loads', 'zaia') }}
where status = 0

select id as team_id, name as team_name, {{ pylon.json_length('users') }} as members, _synced_at as synced_at
from {{ pylon.raw('teams') }}

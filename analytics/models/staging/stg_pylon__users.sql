select
    id as user_id,
    name as user_name,
    lower(email) as email,
    status as availability,
    role_id,
    {{ pylon.json_text('role', 'name') }} as role_name,
    _synced_at as synced_at
from {{ pylon.raw('users') }}

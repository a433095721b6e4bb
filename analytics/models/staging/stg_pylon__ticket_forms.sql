select
    id as form_id,
    name as form_name,
    slug as form_slug,
    coalesce(is_public, false) as is_public,
    url,
    {{ pylon.json_length('fields') }} as fields,
    _synced_at as synced_at
from {{ pylon.raw('ticket_forms') }}

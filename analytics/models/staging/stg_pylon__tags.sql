select id as tag_id, value as tag, object_type, hex_color, _synced_at as synced_at
from {{ pylon.raw('tags') }}

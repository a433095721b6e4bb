select id as knowledge_base_id, title as knowledge_base_title, slug, default_language, _synced_at as synced_at
from {{ pylon.raw('knowledge_bases') }}

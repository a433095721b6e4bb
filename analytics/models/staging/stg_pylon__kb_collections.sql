select
    id as collection_id,
    knowledge_base_id,
    parent_collection_id,
    title as collection_title,
    {{ pylon.instant('created_at') }} as created_at,
    _synced_at as synced_at
from {{ pylon.raw('kb_collections') }}

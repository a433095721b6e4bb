with ranked as (
    select
        object_type,
        slug as field_slug,
        id as field_id,
        label as field_label,
        type as field_type,
        description,
        source,
        is_read_only,
        {{ pylon.instant('created_at') }} as created_at,
        {{ pylon.instant('updated_at') }} as updated_at,
        _synced_at as synced_at,
        row_number() over (partition by object_type, slug order by updated_at desc, id) as newest
    from {{ pylon.raw('custom_fields') }}
)

select
    object_type, field_slug, field_id, field_label, field_type, description, source, is_read_only,
    created_at, updated_at, synced_at
from ranked
where newest = 1

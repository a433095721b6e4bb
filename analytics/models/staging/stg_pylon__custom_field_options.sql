with fields as (
    select object_type, slug as field_slug, id as field_id, {{ pylon.json_get('select_metadata', 'options') }} as options
    from {{ pylon.raw('custom_fields') }}
),

unfolded as (
    {{ pylon.unfold_list('fields', ['object_type', 'field_slug', 'field_id'], 'options') }}
),

named as (
    select
        object_type,
        field_slug,
        field_id,
        position,
        {{ pylon.json_text('value', 'slug') }} as option_slug,
        {{ pylon.json_text('value', 'label') }} as option_label
    from unfolded
),

ranked as (
    select *, row_number() over (partition by object_type, field_slug, option_slug order by field_id, position) as place
    from named
    where option_slug is not null
)

select object_type, field_slug, option_slug, option_label, position
from ranked
where place = 1

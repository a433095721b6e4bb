{#
  The values of an object's custom fields, a row each, typed by the definitions: a field with several values has
  several rows, an unset one has none. A select's label and a user's name stand beside the stored value.
#}
{% macro custom_field_values(object_type, table, key=none) -%}
{%- set key = key or object_type ~ '_id' -%}
with objects as (
    select id as {{ key }}, custom_fields from {{ pylon.raw(table) }}
),

fields as (
    {{ pylon.unfold_map('objects', [key], 'custom_fields') }}
),

split as (
    select
        {{ key }},
        key as field_slug,
        {{ pylon.json_text('value', 'value') }} as one,
        {{ pylon.json_get('value', 'values') }} as several
    from fields
),

unfolded as (
    {{ pylon.unfold_list('split', [key, 'field_slug'], 'several') }}
),

told as (
    select {{ key }}, field_slug, position, {{ pylon.json_scalar('value') }} as value_text from unfolded
    union all
    select {{ key }}, field_slug, 1 as position, one as value_text
    from split
    where {{ pylon.json_length('several') }} = 0
)

select
    told.{{ key }},
    told.field_slug,
    told.position,
    definitions.field_label,
    definitions.field_type,
    told.value_text,
    coalesce(options.option_label, users.name, told.value_text) as value_label,
    case when definitions.field_type in ('number', 'decimal') then {{ pylon.try_number('told.value_text') }} end
        as value_number,
    case when definitions.field_type = 'boolean' then {{ pylon.try_bool('told.value_text') }} end as value_boolean,
    case when definitions.field_type in ('date', 'datetime') then {{ pylon.try_date('told.value_text') }} end as value_date,
    case when definitions.field_type = 'datetime' then {{ pylon.try_instant('told.value_text') }} end as value_at
from told
left join {{ ref('stg_pylon__custom_fields') }} as definitions
    on definitions.object_type = '{{ object_type }}' and told.field_slug = definitions.field_slug
left join {{ ref('stg_pylon__custom_field_options') }} as options
    on options.object_type = '{{ object_type }}'
    and told.field_slug = options.field_slug
    and definitions.field_type in ('select', 'multiselect')
    and told.value_text = options.option_slug
left join {{ pylon.raw('users', alias='users') }}
    on definitions.field_type = 'user' and told.value_text = users.id
where told.value_text is not null
{%- endmacro %}

{#
  The columns that a table of issues has for some custom fields, by slug or all: a list of {slug, type, column}. Two slugs that differ by a
  dash or by case get a number, in the order of their definitions, so a column once there keeps its name.
#}
{% macro issue_custom_field_columns(wanted) -%}
  {%- set relation = source('pylon', 'custom_fields') -%}
  {%- if not execute or wanted == [] or not var('pylon_check_tables') -%}
    {{ return([]) }}
  {%- endif -%}
  {%- if relation.is_cte or load_relation(relation) is none -%}
    {{ return([]) }}
  {%- endif -%}
  {%- set found = run_query("select slug, type from " ~ relation
      ~ " where object_type = 'issue' and slug is not null order by created_at, slug") -%}
  {%- set columns, taken, known = [], [], [] -%}
  {%- for row in found.rows if (wanted == 'auto' or row[0] in wanted) and row[0] not in known -%}
    {%- do known.append(row[0]) -%}
    {%- set plain = modules.re.sub('[^a-z0-9]+', '_', row[0] | lower).strip('_') or 'field' -%}
    {%- set name = ('custom_' ~ plain)[:55] -%}
    {%- set number = taken | select('equalto', name) | list | length + 1 -%}
    {%- do taken.append(name) -%}
    {%- do columns.append({'slug': row[0], 'type': row[1], 'column': name ~ ('_' ~ number if number > 1 else '')}) -%}
  {%- endfor -%}
  {{ return(columns[:var('pylon_custom_field_columns')]) }}
{%- endmacro %}

{# One such column, over the rows of stg_pylon__issue_custom_fields of one issue, or of stg_pylon__issue_snapshot_fields of one record. #}
{% macro issue_custom_field(field) -%}
  {%- set here = "field_slug = '" ~ field.slug | replace("'", "''") ~ "'" -%}
  {%- if field.type in ('number', 'decimal') -%}
    max(case when {{ here }} then value_number end)
  {%- elif field.type == 'boolean' -%}
    (max(case when {{ here }} and value_boolean then 1 when {{ here }} and not value_boolean then 0 end) = 1)
  {%- elif field.type == 'date' -%}
    max(case when {{ here }} then value_date end)
  {%- elif field.type == 'datetime' -%}
    max(case when {{ here }} then value_at end)
  {%- else -%}
    {{ pylon.joined('case when ' ~ here ~ ' then value_label end', ', ', 'position') }}
  {%- endif -%}
{%- endmacro %}

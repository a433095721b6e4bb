{#
  All that is read from JSON goes through these. A value of JSON is native to the destination: JSON in DuckDB and
  BigQuery, jsonb in Postgres, a variant in Snowflake; Databricks keeps it as text.
#}

{# The value under a key, as text: a string without its quotes, null for JSON's null. #}
{% macro json_text(json, key) -%}
  {{ return(adapter.dispatch('json_text', 'pylon')(json, key)) }}
{%- endmacro %}

{% macro default__json_text(json, key) -%}
  json_extract_string({{ json }}, '$."{{ key }}"')
{%- endmacro %}

{% macro postgres__json_text(json, key) -%}
  ({{ json }} ->> '{{ key }}')
{%- endmacro %}

{% macro snowflake__json_text(json, key) -%}
  cast(get({{ json }}, '{{ key }}') as varchar)
{%- endmacro %}

{% macro bigquery__json_text(json, key) -%}
  json_value({{ json }}, '$.{{ key }}')
{%- endmacro %}

{% macro databricks__json_text(json, key) -%}
  get_json_object({{ json }}, '$.{{ key }}')
{%- endmacro %}

{# The value under a key, as JSON. #}
{% macro json_get(json, key) -%}
  {{ return(adapter.dispatch('json_get', 'pylon')(json, key)) }}
{%- endmacro %}

{% macro default__json_get(json, key) -%}
  json_extract({{ json }}, '$."{{ key }}"')
{%- endmacro %}

{% macro postgres__json_get(json, key) -%}
  ({{ json }} -> '{{ key }}')
{%- endmacro %}

{% macro snowflake__json_get(json, key) -%}
  get({{ json }}, '{{ key }}')
{%- endmacro %}

{% macro bigquery__json_get(json, key) -%}
  json_query({{ json }}, '$.{{ key }}')
{%- endmacro %}

{% macro databricks__json_get(json, key) -%}
  get_json_object({{ json }}, '$.{{ key }}')
{%- endmacro %}

{# A JSON value as text: a string without its quotes, null for JSON's null. #}
{% macro json_scalar(json) -%}
  {{ return(adapter.dispatch('json_scalar', 'pylon')(json)) }}
{%- endmacro %}

{% macro default__json_scalar(json) -%}
  json_extract_string({{ json }}, '$')
{%- endmacro %}

{% macro postgres__json_scalar(json) -%}
  ({{ json }} #>> '{}')
{%- endmacro %}

{% macro snowflake__json_scalar(json) -%}
  cast({{ json }} as varchar)
{%- endmacro %}

{% macro bigquery__json_scalar(json) -%}
  json_value({{ json }})
{%- endmacro %}

{% macro databricks__json_scalar(json) -%}
  {{ json }}
{%- endmacro %}

{# How many values a list has; 0 for null and for what is no list. #}
{% macro json_length(json) -%}
  {{ return(adapter.dispatch('json_length', 'pylon')(json)) }}
{%- endmacro %}

{% macro default__json_length(json) -%}
  coalesce(cast(json_array_length({{ json }}) as integer), 0)
{%- endmacro %}

{% macro postgres__json_length(json) -%}
  coalesce(case when jsonb_typeof({{ json }}) = 'array' then jsonb_array_length({{ json }}) end, 0)
{%- endmacro %}

{% macro snowflake__json_length(json) -%}
  coalesce(case when is_array({{ json }}) then array_size({{ json }}) end, 0)
{%- endmacro %}

{% macro bigquery__json_length(json) -%}
  coalesce(array_length(json_query_array({{ json }})), 0)
{%- endmacro %}

{% macro databricks__json_length(json) -%}
  coalesce(json_array_length({{ json }}), 0)
{%- endmacro %}

{# A query with a row for each value of a list: the columns of `keep`, `position` from 1, and `value` as JSON. #}
{% macro unfold_list(relation, keep, json) -%}
  {{ return(adapter.dispatch('unfold_list', 'pylon')(relation, keep, json)) }}
{%- endmacro %}

{% macro default__unfold_list(relation, keep, json) -%}
  select {{ keep | join(', ') }}, cast(unnest(range(1, len(items) + 1)) as integer) as position, unnest(items) as value
  from (select {{ keep | join(', ') }}, try_cast({{ json }} as json[]) as items from {{ relation }}) as listed
{%- endmacro %}

{% macro postgres__unfold_list(relation, keep, json) -%}
  select {{ keep | join(', ') }}, cast(item.position as integer) as position, item.value
  from {{ relation }} as listed
  cross join lateral jsonb_array_elements(
    case when jsonb_typeof({{ json }}) = 'array' then {{ json }} else cast('[]' as jsonb) end
  ) with ordinality as item(value, position)
{%- endmacro %}

{% macro snowflake__unfold_list(relation, keep, json) -%}
  select {{ keep | join(', ') }}, item.index + 1 as position, item.value
  from {{ relation }} as listed, lateral flatten(input => {{ json }}, mode => 'ARRAY') as item
{%- endmacro %}

{% macro bigquery__unfold_list(relation, keep, json) -%}
  select {{ keep | join(', ') }}, place + 1 as position, value
  from {{ relation }} as listed
  cross join unnest(json_query_array({{ json }})) as value with offset as place
{%- endmacro %}

{% macro databricks__unfold_list(relation, keep, json) -%}
  select {{ keep | join(', ') }}, place + 1 as position, value
  from {{ relation }} as listed
  lateral view posexplode(from_json({{ json }}, 'array<string>')) item as place, value
{%- endmacro %}

{# A query with a row for each entry of a map: the columns of `keep`, `key`, and `value` as JSON. #}
{% macro unfold_map(relation, keep, json) -%}
  {{ return(adapter.dispatch('unfold_map', 'pylon')(relation, keep, json)) }}
{%- endmacro %}

{% macro default__unfold_map(relation, keep, json) -%}
  select {{ keep | join(', ') }}, unnest(map_keys(entries)) as key, unnest(map_values(entries)) as value
  from (select {{ keep | join(', ') }}, try_cast({{ json }} as map(varchar, json)) as entries from {{ relation }}) as mapped
{%- endmacro %}

{% macro postgres__unfold_map(relation, keep, json) -%}
  select {{ keep | join(', ') }}, entry.key, entry.value
  from {{ relation }} as mapped
  cross join lateral jsonb_each(
    case when jsonb_typeof({{ json }}) = 'object' then {{ json }} else cast('{}' as jsonb) end
  ) as entry
{%- endmacro %}

{% macro snowflake__unfold_map(relation, keep, json) -%}
  select {{ keep | join(', ') }}, entry.key, entry.value
  from {{ relation }} as mapped, lateral flatten(input => {{ json }}, mode => 'OBJECT') as entry
{%- endmacro %}

{% macro bigquery__unfold_map(relation, keep, json) -%}
  select {{ keep | join(', ') }}, key, {{ json }}[key] as value
  from {{ relation }} as mapped
  cross join unnest(json_keys({{ json }}, 1)) as key
{%- endmacro %}

{% macro databricks__unfold_map(relation, keep, json) -%}
  select {{ keep | join(', ') }}, key, value
  from {{ relation }} as mapped
  lateral view explode(from_json({{ json }}, 'map<string, string>')) entry as key, value
{%- endmacro %}

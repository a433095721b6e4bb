{# A raw table of a desk, or as many columns without a row where the copy does not have it; with an alias if one is given. #}
{% macro raw(name, desk='pylon', alias=none) -%}
  {%- set relation = source(desk, name) -%}
  {%- if pylon._is_missing(relation) -%}
    {#- Postgres before 16 wants a name for each subquery. -#}
    {{ pylon._empty(name, desk) }} as {{ alias or name }}
  {%- else -%}
    {{ relation }}{{ ' as ' ~ alias if alias }}
  {%- endif -%}
{%- endmacro %}

{#
  Have dbt list the raw tables before its threads begin: while one of them fills its list of a schema, the others take
  what is in it so far for all there is (dbt-adapters 1.x), and a table that is not listed yet would count as missing.
#}
{% macro list_raw_tables() -%}
  {%- if execute and var('pylon_check_tables') -%}
    {%- set listed = [] -%}
    {%- for node in graph.sources.values() if node.source_name in ('pylon', 'zaia') -%}
      {%- if (node.database, node.schema) not in listed -%}
        {%- do listed.append((node.database, node.schema)) -%}
        {%- do adapter.get_relation(node.database, node.schema, node.identifier) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{% macro _is_missing(relation) -%}
  {#- A unit test puts rows of its own in the relation's place. -#}
  {%- if not execute or not var('pylon_check_tables') or relation.is_cte -%}
    {{ return(false) }}
  {%- endif -%}
  {{ return(load_relation(relation) is none) }}
{%- endmacro %}

{% macro _empty(name, desk) -%}
  {%- set nodes = graph.sources.values() | selectattr('source_name', 'equalto', desk)
      | selectattr('name', 'equalto', name) | list -%}
  (select
    {%- for column in nodes[0].columns.values() %}
    cast(null as {{ pylon.raw_type(column.data_type) }}) as {{ pylon.column(column.name) }}{{ ',' if not loop.last }}
    {%- endfor %}
  from (select 1 as nothing) as nothing where 1 = 0)
{%- endmacro %}

{# The destination's type for a type of the catalogue. #}
{% macro raw_type(name) -%}
  {%- set types = {
    'text': dbt.type_string(), 'bigint': dbt.type_bigint(), 'double': pylon.type_number(), 'bool': dbt.type_boolean(),
    'timestamp': pylon.type_instant(), 'json': pylon.type_json(),
  } -%}
  {{ return(types[name]) }}
{%- endmacro %}

{# A raw column whose name is a keyword, quoted as dlt has created it. #}
{% macro column(name) -%}
  {{ return(adapter.dispatch('column', 'pylon')(name)) }}
{%- endmacro %}

{% macro default__column(name) -%}
  {{ return(adapter.quote(name)) }}
{%- endmacro %}

{% macro snowflake__column(name) -%}
  {{ return(adapter.quote(name | upper)) }}
{%- endmacro %}

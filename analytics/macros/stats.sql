{# A percentile of a group: 0.5 is the median. #}
{% macro percentile(value, share) -%}
  {{ return(adapter.dispatch('percentile', 'pylon')(value, share)) }}
{%- endmacro %}

{% macro default__percentile(value, share) -%}
  percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}

{% macro bigquery__percentile(value, share) -%}
  approx_quantiles({{ value }}, 1000)[offset({{ (share * 1000) | int }})]
{%- endmacro %}

{% macro databricks__percentile(value, share) -%}
  percentile({{ value }}, {{ share }})
{%- endmacro %}

{# The texts of a group in one, in order. #}
{% macro joined(text, separator, order) -%}
  {{ return(adapter.dispatch('joined', 'pylon')(text, separator, order)) }}
{%- endmacro %}

{% macro default__joined(text, separator, order) -%}
  string_agg({{ text }}, '{{ separator }}' order by {{ order }})
{%- endmacro %}

{% macro snowflake__joined(text, separator, order) -%}
  listagg({{ text }}, '{{ separator }}') within group (order by {{ order }})
{%- endmacro %}

{% macro databricks__joined(text, separator, order) -%}
  listagg({{ text }}, '{{ separator }}') within group (order by {{ order }})
{%- endmacro %}

{# Whether any row of a group, or of a window, meets a condition. #}
{% macro any_of(condition) -%}
  (max(case when {{ condition }} then 1 else 0 end) = 1)
{%- endmacro %}

{# How many rows of a group meet a condition. #}
{% macro count_if(condition) -%}
  cast(sum(case when {{ condition }} then 1 else 0 end) as {{ dbt.type_bigint() }})
{%- endmacro %}

{# The sum of whole numbers as one: DuckDB and Postgres would widen it to types that few programs read. #}
{% macro total(value) -%}
  cast(sum({{ value }}) as {{ dbt.type_bigint() }})
{%- endmacro %}

{# The mean of a group, null without a value. #}
{% macro mean(value) -%}
  cast(avg({{ value }}) as {{ pylon.type_number() }})
{%- endmacro %}

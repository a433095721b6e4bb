{# A moment in time, whatever the session's time zone is. #}
{% macro type_instant() -%}
  {{ return(adapter.dispatch('type_instant', 'pylon')()) }}
{%- endmacro %}

{% macro default__type_instant() -%}
  {{ return('timestamp with time zone') }}
{%- endmacro %}

{% macro snowflake__type_instant() -%}
  {{ return('timestamp_tz') }}
{%- endmacro %}

{% macro bigquery__type_instant() -%}
  {{ return('timestamp') }}
{%- endmacro %}

{% macro databricks__type_instant() -%}
  {{ return('timestamp') }}
{%- endmacro %}

{# What dlt makes of a JSON column there. #}
{% macro type_json() -%}
  {{ return(adapter.dispatch('type_json', 'pylon')()) }}
{%- endmacro %}

{% macro default__type_json() -%}
  {{ return('json') }}
{%- endmacro %}

{% macro postgres__type_json() -%}
  {{ return('jsonb') }}
{%- endmacro %}

{% macro snowflake__type_json() -%}
  {{ return('variant') }}
{%- endmacro %}

{% macro databricks__type_json() -%}
  {{ return('string') }}
{%- endmacro %}

{# A text as a number, null where it is none. #}
{% macro try_number(text) -%}
  {{ return(adapter.dispatch('try_number', 'pylon')(text)) }}
{%- endmacro %}

{% macro default__try_number(text) -%}
  try_cast({{ text }} as double)
{%- endmacro %}

{% macro postgres__try_number(text) -%}
  case when {{ text }} ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$'
    then cast({{ text }} as double precision) end
{%- endmacro %}

{% macro snowflake__try_number(text) -%}
  try_to_double({{ text }})
{%- endmacro %}

{% macro bigquery__try_number(text) -%}
  safe_cast({{ text }} as float64)
{%- endmacro %}

{# The beginning of a text as a date, null where it is none. #}
{% macro try_date(text) -%}
  {{ return(adapter.dispatch('try_date', 'pylon')(text)) }}
{%- endmacro %}

{% macro default__try_date(text) -%}
  try_cast(substring({{ text }}, 1, 10) as date)
{%- endmacro %}

{% macro postgres__try_date(text) -%}
  {#- A cast would fail at 31 February; adding the days to the month's first does not. -#}
  case when {{ text }} ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' then
    case when to_char(cast(substring({{ text }}, 1, 7) || '-01' as date)
        + cast(substring({{ text }}, 9, 2) as integer) - 1, 'YYYY-MM-DD') = substring({{ text }}, 1, 10)
      then cast(substring({{ text }}, 1, 7) || '-01' as date) + cast(substring({{ text }}, 9, 2) as integer) - 1
    end
  end
{%- endmacro %}

{% macro bigquery__try_date(text) -%}
  safe_cast(substr({{ text }}, 1, 10) as date)
{%- endmacro %}

{# A text in RFC 3339 as a moment, null where it is none. #}
{% macro try_instant(text) -%}
  {{ return(adapter.dispatch('try_instant', 'pylon')(text)) }}
{%- endmacro %}

{% macro default__try_instant(text) -%}
  try_cast({{ text }} as {{ pylon.type_instant() }})
{%- endmacro %}

{% macro postgres__try_instant(text) -%}
  case when {{ text }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$'
    and ({{ pylon.try_date(text) }}) is not null then cast({{ text }} as timestamp with time zone) end
{%- endmacro %}

{% macro snowflake__try_instant(text) -%}
  try_to_timestamp_tz({{ text }})
{%- endmacro %}

{% macro bigquery__try_instant(text) -%}
  safe_cast({{ text }} as timestamp)
{%- endmacro %}

{# The text true or false as a truth value, null for any other. #}
{% macro try_bool(text) -%}
  case lower({{ text }}) when 'true' then true when 'false' then false end
{%- endmacro %}

{# A number of double precision. #}
{% macro type_number() -%}
  {{ return(adapter.dispatch('type_number', 'pylon')()) }}
{%- endmacro %}

{% macro default__type_number() -%}
  {{ return('double') }}
{%- endmacro %}

{% macro postgres__type_number() -%}
  {{ return('double precision') }}
{%- endmacro %}

{% macro bigquery__type_number() -%}
  {{ return('float64') }}
{%- endmacro %}

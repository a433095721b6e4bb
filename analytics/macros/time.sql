{# A moment that the API gave, null where it gave Go's zero time, which stands for none. #}
{% macro instant(moment) -%}
  nullif({{ moment }}, cast('0001-01-01 00:00:00+00:00' as {{ pylon.type_instant() }}))
{%- endmacro %}

{# Whole seconds from one moment to another, negative where the second comes first. #}
{% macro seconds_between(start, end) -%}
  cast(floor({{ pylon.micros_between(start, end) }} / 1000000.0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{# Microseconds from one moment to another: what is to be added up must not be rounded before. #}
{% macro micros_between(start, end) -%}
  {{ return(adapter.dispatch('micros_between', 'pylon')(start, end)) }}
{%- endmacro %}

{% macro default__micros_between(start, end) -%}
  (epoch_us({{ end }}) - epoch_us({{ start }}))
{%- endmacro %}

{% macro postgres__micros_between(start, end) -%}
  cast(extract(epoch from ({{ end }} - {{ start }})) * 1000000 as bigint)
{%- endmacro %}

{% macro snowflake__micros_between(start, end) -%}
  datediff('microsecond', {{ start }}, {{ end }})
{%- endmacro %}

{% macro bigquery__micros_between(start, end) -%}
  timestamp_diff({{ end }}, {{ start }}, microsecond)
{%- endmacro %}

{% macro databricks__micros_between(start, end) -%}
  (unix_micros({{ end }}) - unix_micros({{ start }}))
{%- endmacro %}

{# The day on which a moment falls, where pylon_timezone is, or in another time zone. #}
{% macro local_day(instant, zone=none) -%}
  {{ return(adapter.dispatch('local_day', 'pylon')(instant, zone or var('pylon_timezone'))) }}
{%- endmacro %}

{% macro default__local_day(instant, zone) -%}
  cast(timezone('{{ zone }}', {{ instant }}) as date)
{%- endmacro %}

{% macro postgres__local_day(instant, zone) -%}
  cast({{ instant }} at time zone '{{ zone }}' as date)
{%- endmacro %}

{% macro snowflake__local_day(instant, zone) -%}
  to_date(convert_timezone('{{ zone }}', {{ instant }}))
{%- endmacro %}

{% macro bigquery__local_day(instant, zone) -%}
  date({{ instant }}, '{{ zone }}')
{%- endmacro %}

{% macro databricks__local_day(instant, zone) -%}
  to_date(convert_timezone(current_timezone(), '{{ zone }}', cast({{ instant }} as timestamp_ntz)))
{%- endmacro %}

{# A moment as text, in UTC to the second: 2026-03-02T10:00:00Z. #}
{% macro utc_text(instant) -%}
  {{ return(adapter.dispatch('utc_text', 'pylon')(instant)) }}
{%- endmacro %}

{% macro default__utc_text(instant) -%}
  strftime(timezone('UTC', {{ instant }}), '%Y-%m-%dT%H:%M:%SZ')
{%- endmacro %}

{% macro postgres__utc_text(instant) -%}
  to_char({{ instant }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
{%- endmacro %}

{% macro snowflake__utc_text(instant) -%}
  to_varchar(convert_timezone('UTC', {{ instant }}), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
{%- endmacro %}

{% macro bigquery__utc_text(instant) -%}
  format_timestamp('%Y-%m-%dT%H:%M:%SZ', {{ instant }}, 'UTC')
{%- endmacro %}

{% macro databricks__utc_text(instant) -%}
  date_format(convert_timezone(current_timezone(), 'UTC', cast({{ instant }} as timestamp_ntz)), "yyyy-MM-dd'T'HH:mm:ss'Z'")
{%- endmacro %}

{# The hour, 0 to 23, at which a moment falls, where pylon_timezone is. #}
{% macro local_hour(instant) -%}
  {{ return(adapter.dispatch('local_hour', 'pylon')(instant, var('pylon_timezone'))) }}
{%- endmacro %}

{% macro default__local_hour(instant, zone) -%}
  cast(extract(hour from timezone('{{ zone }}', {{ instant }})) as integer)
{%- endmacro %}

{% macro postgres__local_hour(instant, zone) -%}
  cast(extract(hour from {{ instant }} at time zone '{{ zone }}') as integer)
{%- endmacro %}

{% macro snowflake__local_hour(instant, zone) -%}
  hour(convert_timezone('{{ zone }}', {{ instant }}))
{%- endmacro %}

{% macro bigquery__local_hour(instant, zone) -%}
  extract(hour from {{ instant }} at time zone '{{ zone }}')
{%- endmacro %}

{% macro databricks__local_hour(instant, zone) -%}
  hour(convert_timezone(current_timezone(), '{{ zone }}', cast({{ instant }} as timestamp_ntz)))
{%- endmacro %}

{#
  The moment at which a clock where pylon_timezone is, or in another time zone, shows a time, such as 09:00, on a day: the
  first of two where clocks are set back, of which DuckDB and Postgres would take the second.
#}
{% macro local_instant(day, clock, zone=none) -%}
  {%- if clock == '24:00' -%}
    {{ return(pylon.local_instant(pylon.add_days(day, 1), '00:00', zone)) }}
  {%- endif -%}
  {{ return(adapter.dispatch('local_instant', 'pylon')(day, clock, zone or var('pylon_timezone'))) }}
{%- endmacro %}

{% macro default__local_instant(day, clock, zone) -%}
  {%- set local = '(' ~ day ~ " + time '" ~ clock ~ ":00')" -%}
  {{ pylon._first_of_two("timezone('" ~ zone ~ "', " ~ local ~ ')', local, zone) }}
{%- endmacro %}

{# A moment, or the one an hour or half an hour earlier at which clocks showed the same: Lord Howe's go back by half. #}
{% macro _first_of_two(instant, local, zone) -%}
  case
  {%- for minutes in (60, 30) %}
    when timezone('{{ zone }}', {{ instant }} - interval '{{ minutes }} minutes') = {{ local }}
      then {{ instant }} - interval '{{ minutes }} minutes'
  {%- endfor %}
    else {{ instant }}
  end
{%- endmacro %}

{% macro snowflake__local_instant(day, clock, zone) -%}
  to_timestamp_tz(
    to_varchar(convert_timezone('{{ zone }}', 'UTC', timestamp_ntz_from_parts({{ day }}, to_time('{{ clock }}:00'))),
      'YYYY-MM-DD HH24:MI:SS') || ' +0000', 'YYYY-MM-DD HH24:MI:SS TZHTZM')
{%- endmacro %}

{% macro bigquery__local_instant(day, clock, zone) -%}
  timestamp(datetime({{ day }}, time '{{ clock }}:00'), '{{ zone }}')
{%- endmacro %}

{% macro databricks__local_instant(day, clock, zone) -%}
  cast(convert_timezone('{{ zone }}', current_timezone(), cast(concat({{ day }}, ' {{ clock }}:00') as timestamp_ntz)) as timestamp)
{%- endmacro %}

{# A day some days later. #}
{% macro add_days(day, days) -%}
  {{ return(adapter.dispatch('add_days', 'pylon')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
  cast({{ day }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{% macro snowflake__add_days(day, days) -%}
  dateadd(day, {{ days }}, {{ day }})
{%- endmacro %}

{% macro bigquery__add_days(day, days) -%}
  date_add({{ day }}, interval {{ days }} day)
{%- endmacro %}

{% macro databricks__add_days(day, days) -%}
  date_add({{ day }}, {{ days }})
{%- endmacro %}

{# Days from one day to another. #}
{% macro days_between(start, end) -%}
  {{ return(adapter.dispatch('days_between', 'pylon')(start, end)) }}
{%- endmacro %}

{% macro default__days_between(start, end) -%}
  ({{ end }} - {{ start }})
{%- endmacro %}

{% macro snowflake__days_between(start, end) -%}
  datediff(day, {{ start }}, {{ end }})
{%- endmacro %}

{% macro bigquery__days_between(start, end) -%}
  date_diff({{ end }}, {{ start }}, day)
{%- endmacro %}

{% macro databricks__days_between(start, end) -%}
  datediff({{ end }}, {{ start }})
{%- endmacro %}

{# The weekday of a day: 1 for Monday to 7 for Sunday. Days before 2001 are not asked for. #}
{% macro weekday(day) -%}
  (mod({{ pylon.days_between("date '2001-01-01'", day) }}, 7) + 1)
{%- endmacro %}

{# A moment some seconds later. #}
{% macro add_seconds(instant, seconds) -%}
  {{ return(adapter.dispatch('add_seconds', 'pylon')(instant, seconds)) }}
{%- endmacro %}

{% macro default__add_seconds(instant, seconds) -%}
  ({{ instant }} + interval '{{ seconds }}' second)
{%- endmacro %}

{% macro snowflake__add_seconds(instant, seconds) -%}
  dateadd(second, {{ seconds }}, {{ instant }})
{%- endmacro %}

{% macro bigquery__add_seconds(instant, seconds) -%}
  timestamp_add({{ instant }}, interval {{ seconds }} second)
{%- endmacro %}

{# A query with a row for each day from one to another, both included: the columns of `keep`, and `date_day`. #}
{% macro unfold_days(relation, keep, first, last) -%}
  {{ return(adapter.dispatch('unfold_days', 'pylon')(relation, keep, first, last)) }}
{%- endmacro %}

{% macro default__unfold_days(relation, keep, first, last) -%}
  select {{ keep | join(', ') }}, cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date) as date_day
  from {{ relation }} as spans
{%- endmacro %}

{% macro postgres__unfold_days(relation, keep, first, last) -%}
  select {{ keep | join(', ') }}, cast({{ first }} + step as date) as date_day
  from {{ relation }} as spans
  cross join lateral generate_series(0, {{ last }} - {{ first }}) as step
{%- endmacro %}

{% macro snowflake__unfold_days(relation, keep, first, last) -%}
  select {{ keep | join(', ') }}, dateadd(day, step.value, {{ first }}) as date_day
  from {{ relation }} as spans,
    lateral flatten(input => array_generate_range(0, datediff(day, {{ first }}, {{ last }}) + 1)) as step
{%- endmacro %}

{% macro bigquery__unfold_days(relation, keep, first, last) -%}
  select {{ keep | join(', ') }}, date_day
  from {{ relation }} as spans
  cross join unnest(generate_date_array({{ first }}, {{ last }})) as date_day
{%- endmacro %}

{% macro databricks__unfold_days(relation, keep, first, last) -%}
  select {{ keep | join(', ') }}, date_day
  from {{ relation }} as spans
  lateral view explode(case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}) end) step as date_day
{%- endmacro %}

{# This moment, by the destination's clock. #}
{% macro now() -%}
  {{ return(adapter.dispatch('now', 'pylon')()) }}
{%- endmacro %}

{% macro default__now() -%}
  {{ return('current_timestamp') }}
{%- endmacro %}

{% macro snowflake__now() -%}
  {{ return('cast(current_timestamp() as timestamp_tz)') }}
{%- endmacro %}

{% macro bigquery__now() -%}
  {{ return('current_timestamp()') }}
{%- endmacro %}

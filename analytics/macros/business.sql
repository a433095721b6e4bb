{# Whole seconds of working time between two moments, given the days (of int_pylon__days) on which they fall. #}
{% macro business_seconds(start_day, start, end_day, end) -%}
  cast(floor(({{ pylon._business_micros_until(end_day, end) }} - {{ pylon._business_micros_until(start_day, start) }})
    / 1000000.0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{% macro _business_micros_until(day, instant) -%}
  ({{ day }}.business_seconds_before * 1000000 + case when {{ day }}.opens_at is null then 0
    else greatest(0, least({{ pylon.micros_between(day ~ '.opens_at', instant) }}, {{ day }}.business_seconds * 1000000)) end)
{%- endmacro %}

{# When work begins or ends on a day: 0 for the beginning, 1 for the end; null on a day off. #}
{% macro working_bound(day, weekday, bound) -%}
  {%- set names = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] -%}
  {%- set hours = var('pylon_business_hours') -%}
  {%- for name in hours if name not in names -%}
    {{ exceptions.raise_compiler_error('pylon_business_hours: ' ~ name ~ ' is no weekday; they are ' ~ names | join(', ')) }}
  {%- endfor -%}
  {%- set holidays = var('pylon_holidays') -%}
  case
    {%- if holidays %}
    when {{ day }} in ({% for holiday in holidays %}date '{{ holiday }}'{{ ', ' if not loop.last }}{% endfor %}) then null
    {%- endif %}
    {%- for name in names if name in hours %}
    when {{ weekday }} = {{ names.index(name) + 1 }} then {{ pylon.local_instant(day, hours[name][bound]) }}
    {%- endfor %}
    else cast(null as {{ pylon.type_instant() }})
  end
{%- endmacro %}

{#
  The rest of a query whose common table expression `bounds` has a first and a last day: one row a day with its working
  hours, and the working time of all days before, so that working time between two moments is one subtraction.
#}
{% macro working_days() -%}
days as (
    {{ pylon.unfold_days('bounds', ['first_day'], 'first_day', 'last_day') }}
),

numbered as (
    select date_day, {{ pylon.weekday('date_day') }} as weekday from days
),

worked as (
    select
        date_day,
        weekday,
        {{ pylon.working_bound('date_day', 'weekday', 0) }} as opens_at,
        {{ pylon.working_bound('date_day', 'weekday', 1) }} as closes_at
    from numbered
),

counted as (
    select
        date_day,
        weekday,
        opens_at,
        closes_at,
        coalesce({{ pylon.seconds_between('opens_at', 'closes_at') }}, 0) as business_seconds
    from worked
)

select
    date_day,
    weekday,
    opens_at,
    closes_at,
    business_seconds,
    cast(sum(business_seconds) over (order by date_day rows between unbounded preceding and current row)
        - business_seconds as {{ dbt.type_bigint() }}) as business_seconds_before
from counted
{%- endmacro %}

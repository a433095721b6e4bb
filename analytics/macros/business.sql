{#
  The working hours that there are: those of all, called default, and those of `pylon_schedules`, each with its time zone,
  holidays and teams; what one does not say is as for all.
#}
{% macro schedules() -%}
  {%- set zone, hours, holidays = var('pylon_timezone'), var('pylon_business_hours'), var('pylon_holidays') -%}
  {%- set found = [{'name': 'default', 'timezone': zone, 'business_hours': hours, 'holidays': holidays, 'teams': []}] -%}
  {%- for name, own in var('pylon_schedules').items() -%}
    {%- do found.append({
        'name': name, 'timezone': own.get('timezone', zone), 'business_hours': own.get('business_hours', hours),
        'holidays': own.get('holidays', holidays), 'teams': own['teams'],
    }) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}

{# The name of the working hours of a team, which `pylon_schedules` may name by its id or its name. #}
{% macro schedule_of(team_id, team_name) -%}
  {%- set own = pylon.schedules()[1:] -%}
  {%- if not own -%}
  'default'
  {%- else -%}
  case
    {%- for schedule in own %}
    when {{ pylon.is_team(team_id, team_name, schedule.teams) }} then {{ pylon.text_literal(schedule.name) }}
    {%- endfor %}
    else 'default'
  end
  {%- endif -%}
{%- endmacro %}

{# Whether a team is one of some, which are told by id or by name. #}
{% macro is_team(team_id, team_name, teams) -%}
  {%- set listed = [] -%}
  {%- for team in teams -%}{%- do listed.append(pylon.text_literal(team)) -%}{%- endfor -%}
  ({{ team_id }} in ({{ listed | join(', ') }}) or {{ team_name }} in ({{ listed | join(', ') }}))
{%- endmacro %}

{#
  The condition by which a moment finds its row among days (those of int_pylon__days) of its schedule. `day` is that of
  the moment where pylon_timezone is; a schedule elsewhere has days of its own.
#}
{% macro on_day(days, instant, day, schedule) -%}
  {%- set own = pylon.schedules()[1:] -%}
  {%- if not own -%}
  {{ days }}.date_day = {{ day }}
  {%- else -%}
  {%- set elsewhere = own | rejectattr('timezone', 'equalto', var('pylon_timezone')) | list -%}
  {{ days }}.schedule = {{ schedule }} and {{ days }}.date_day =
    {%- if not elsewhere %} {{ day }}{% else %} case {{ schedule }}
    {%- for one in elsewhere %}
    when {{ pylon.text_literal(one.name) }} then {{ pylon.local_day(instant, one.timezone) }}
    {%- endfor %}
    else {{ day }}
  end
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}

{# Whole seconds of working time between two moments, given the days (of int_pylon__days) on which they fall. #}
{% macro business_seconds(start_day, start, end_day, end) -%}
  cast(floor(({{ pylon._business_micros_until(end_day, end) }} - {{ pylon._business_micros_until(start_day, start) }})
    / 1000000.0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{% macro _business_micros_until(day, instant) -%}
  ({{ day }}.business_seconds_before * 1000000 + case when {{ day }}.opens_at is null then 0
    else greatest(0, least({{ pylon.micros_between(day ~ '.opens_at', instant) }}, {{ day }}.business_seconds * 1000000)) end)
{%- endmacro %}

{# How many minutes after midnight a clock shows a time such as 09:30. #}
{% macro _minutes(clock) -%}
  {%- set parts = (clock | string).split(':') -%}
  {{ return(parts[0] | int * 60 + (parts[1] | int if parts | length > 1 else 0)) }}
{%- endmacro %}

{# When work begins or ends on a day of a schedule: 0 for the beginning, 1 for the end; null on a day off. #}
{% macro working_bound(day, weekday, bound, schedule) -%}
  {%- set names = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] -%}
  {%- set hours, holidays = schedule.business_hours, schedule.holidays -%}
  {%- for name in hours if name not in names -%}
    {{ exceptions.raise_compiler_error('pylon_business_hours: ' ~ name ~ ' is no weekday; they are ' ~ names | join(', ')) }}
  {%- endfor -%}
  {%- for name, (begins, ends) in hours.items() if pylon._minutes(begins) | int >= pylon._minutes(ends) | int -%}
    {{ exceptions.raise_compiler_error('pylon_business_hours: ' ~ name ~ ' is from ' ~ begins ~ ' to ' ~ ends
        ~ '; a day ends with "24:00", and hours past midnight are the next day\'s') }}
  {%- endfor -%}
  case
    {%- if holidays %}
    when {{ day }} in ({% for holiday in holidays %}date '{{ holiday }}'{{ ', ' if not loop.last }}{% endfor %}) then null
    {%- endif %}
    {%- for name in names if name in hours %}
    when {{ weekday }} = {{ names.index(name) + 1 }} then {{ pylon.local_instant(day, hours[name][bound], schedule.timezone) }}
    {%- endfor %}
    else cast(null as {{ pylon.type_instant() }})
  end
{%- endmacro %}

{#
  The rest of a query whose common table expression `bounds` has a first and a last day: one row for each schedule and day
  with its working hours, and the working time of all days before, so that working time between two moments is one
  subtraction. A schedule in another time zone has a day more at either end, since its day may be another one.
#}
{% macro working_days() -%}
{%- set known = pylon.schedules() -%}
days as (
    {{ pylon.unfold_days('bounds', ['first_day'], 'first_day', 'last_day') }}
),

numbered as (
    select date_day, {{ pylon.weekday('date_day') }} as weekday from days
),
{% if known | length > 1 %}
wider as (
    select {{ pylon.add_days('first_day', -1) }} as first_day, {{ pylon.add_days('last_day', 1) }} as last_day from bounds
),

wider_days as (
    {{ pylon.unfold_days('wider', ['first_day'], 'first_day', 'last_day') }}
),

wider_numbered as (
    select date_day, {{ pylon.weekday('date_day') }} as weekday from wider_days
),
{% endif %}
worked as (
    {%- for schedule in known %}
    {{ 'union all' if not loop.first }}
    select
        {{ pylon.text_literal(schedule.name) }} as schedule,
        date_day,
        weekday,
        {{ pylon.working_bound('date_day', 'weekday', 0, schedule) }} as opens_at,
        {{ pylon.working_bound('date_day', 'weekday', 1, schedule) }} as closes_at
    from {{ 'numbered' if loop.first else 'wider_numbered' }}
    {%- endfor %}
),

counted as (
    select
        schedule,
        date_day,
        weekday,
        opens_at,
        closes_at,
        coalesce({{ pylon.seconds_between('opens_at', 'closes_at') }}, 0) as business_seconds
    from worked
)

select
    schedule,
    date_day,
    weekday,
    opens_at,
    closes_at,
    business_seconds,
    cast(sum(business_seconds) over (partition by schedule order by date_day rows between unbounded preceding and current row)
        - business_seconds as {{ dbt.type_bigint() }}) as business_seconds_before
from counted
{%- endmacro %}

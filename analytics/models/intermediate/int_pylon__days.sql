-- One row a day from the first issue or message to the last load, with its working hours and the working time
-- of all days before, so that working time between two moments is one subtraction.
with bounds as (
    select
        coalesce(least(issues.first_day, messages.first_day), issues.first_day, as_of.as_of_day) as first_day,
        as_of.as_of_day as last_day
    from {{ ref('int_pylon__as_of') }} as as_of
    cross join (select min(created_on) as first_day from {{ ref('stg_pylon__issues') }}) as issues
    cross join (select min(sent_on) as first_day from {{ ref('stg_pylon__issue_messages') }}) as messages
),

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

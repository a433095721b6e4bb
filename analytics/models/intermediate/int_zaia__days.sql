-- One row a day from the first ticket or message to the last load, with its working hours.
with first_days as (
    select min(created_on) as first_day from {{ ref('stg_zaia__tickets') }}
    union all
    select min(sent_on) as first_day from {{ ref('stg_zaia__messages') }}
    union all
    select as_of_day as first_day from {{ ref('int_zaia__as_of') }}
),

bounds as (
    select min(first_days.first_day) as first_day, min(as_of.as_of_day) as last_day
    from first_days
    cross join {{ ref('int_zaia__as_of') }} as as_of
),

{{ pylon.working_days() }}

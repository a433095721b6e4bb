-- One row a day from the first issue or message to the last load, with its working hours.
with bounds as (
    select
        coalesce(least(issues.first_day, messages.first_day), issues.first_day, as_of.as_of_day) as first_day,
        as_of.as_of_day as last_day
    from {{ ref('int_pylon__as_of') }} as as_of
    cross join (select min(created_on) as first_day from {{ ref('stg_pylon__issues') }}) as issues
    cross join (select min(sent_on) as first_day from {{ ref('stg_pylon__issue_messages') }}) as messages
),

{{ pylon.working_days() }}

-- The moment up to which the copy is known: the last completed load, or the newest row if that is later.
with loads as (
    select max(loaded_at) as at from {{ ref('stg_pylon__loads') }}
),

issues as (
    select max(synced_at) as at from {{ ref('stg_pylon__issues') }}
)

select
    coalesce(greatest(loads.at, issues.at), loads.at, issues.at, {{ pylon.now() }}) as as_of,
    {{ pylon.local_day('coalesce(greatest(loads.at, issues.at), loads.at, issues.at, ' ~ pylon.now() ~ ')') }} as as_of_day
from loads
cross join issues

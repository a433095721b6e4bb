-- The moment up to which the copy of Zaia is known: the last completed load, or the newest row if that is later.
with known as (
    select max(loaded_at) as known_at from {{ ref('stg_zaia__loads') }}
    union all
    select max(synced_at) as known_at from {{ ref('stg_zaia__tickets') }}
    union all
    select max(synced_at) as known_at from {{ ref('stg_zaia__messages') }}
)

select
    coalesce(max(known_at), {{ pylon.now() }}) as as_of,
    {{ pylon.local_day('coalesce(max(known_at), ' ~ pylon.now() ~ ')') }} as as_of_day
from known

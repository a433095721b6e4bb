with pylon as (
    select
        'pylon' as desk,
        (select max(loaded_at) from {{ ref('stg_pylon__loads') }}) as loaded_at,
        (select count(*) from {{ ref('stg_pylon__issues') }}) as tickets,
        as_of,
        as_of_day
    from {{ ref('int_pylon__as_of') }}
),

zaia as (
    select
        'zaia' as desk,
        (select max(loaded_at) from {{ ref('stg_zaia__loads') }}) as loaded_at,
        (select count(*) from {{ ref('stg_zaia__tickets') }}) as tickets,
        as_of,
        as_of_day
    from {{ ref('int_zaia__as_of') }}
),

desks as (
    select * from pylon
    union all
    select * from zaia
)

select
    desk,
    coalesce(loaded_at, as_of) as read_at,
    as_of,
    as_of_day,
    tickets
from desks
where loaded_at is not null or tickets > 0

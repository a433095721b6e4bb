-- Teams of one name at both desks are taken for one.
with known as (
    select 'pylon' as desk, team_id, team_name
    from {{ ref('stg_pylon__teams') }}
    union all
    select 'zaia', team_id, max(team_name)
    from {{ ref('stg_zaia__tickets') }}
    where team_id is not null
    group by team_id
)

select
    desk,
    team_id,
    team_name,
    {{ pylon.label('team_name', 'team_id', within='desk') }} as team_label
from known

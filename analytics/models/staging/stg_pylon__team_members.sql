with teams as (
    select id as team_id, users from {{ pylon.raw('teams') }}
),

unfolded as (
    {{ pylon.unfold_list('teams', ['team_id'], 'users') }}
)

select distinct team_id, {{ pylon.json_text('value', 'id') }} as user_id
from unfolded
where {{ pylon.json_text('value', 'id') }} is not null

with issues as (
    select id as issue_id, tags from {{ pylon.raw('issues') }}
),

unfolded as (
    {{ pylon.unfold_list('issues', ['issue_id'], 'tags') }}
),

named as (
    select issue_id, position, {{ pylon.json_scalar('value') }} as tag from unfolded
)

select issue_id, tag, min(position) as position
from named
where tag is not null
group by issue_id, tag

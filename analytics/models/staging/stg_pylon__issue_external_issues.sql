with issues as (
    select id as issue_id, external_issues from {{ pylon.raw('issues') }}
),

unfolded as (
    {{ pylon.unfold_list('issues', ['issue_id'], 'external_issues') }}
)

select
    issue_id,
    position,
    {{ pylon.json_text('value', 'source') }} as source,
    {{ pylon.json_text('value', 'external_id') }} as external_id,
    {{ pylon.json_text('value', 'link') }} as link
from unfolded

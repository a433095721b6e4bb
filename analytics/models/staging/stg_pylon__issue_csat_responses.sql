with issues as (
    select id as issue_id, csat_responses from {{ pylon.raw('issues') }}
),

unfolded as (
    {{ pylon.unfold_list('issues', ['issue_id'], 'csat_responses') }}
)

select
    issue_id,
    position,
    cast({{ pylon.try_number(pylon.json_text('value', 'score')) }} as integer) as score,
    nullif({{ pylon.json_text('value', 'comment') }}, '') as comment
from unfolded

with tagged as (
    select tags.tag, issues.issue_id, issues.created_on, issues.closed_on
    from {{ ref('stg_pylon__issue_tags') }} as tags
    inner join {{ ref('int_pylon__issues') }} as issues on tags.issue_id = issues.issue_id
),

spans as (
    select tags.tag, spans.first_day, spans.last_day
    from {{ ref('int_pylon__open_spans') }} as spans
    inner join {{ ref('stg_pylon__issue_tags') }} as tags on spans.issue_id = tags.issue_id
),

open_days as (
    {{ pylon.unfold_days('spans', ['tag'], 'first_day', 'last_day') }}
),

counted as (
    select created_on as date_day, tag, 1 as created_issues, 0 as closed_issues, 0 as open_issues from tagged
    union all
    select closed_on, tag, 0, 1, 0 from tagged where closed_on is not null
    union all
    select date_day, tag, 0, 0, 1 from open_days
)

select
    counted.date_day,
    counted.tag,
    {{ pylon.total('counted.created_issues') }} as created_issues,
    {{ pylon.total('counted.closed_issues') }} as closed_issues,
    {{ pylon.total('counted.open_issues') }} as open_issues
from counted
cross join {{ ref('int_pylon__as_of') }} as as_of
where counted.date_day > {{ pylon.add_days('as_of.as_of_day', -var('pylon_history_days')) }}
group by counted.date_day, counted.tag

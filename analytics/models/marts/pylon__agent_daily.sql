with written as (
    select
        sent_on as date_day,
        author_user_id as user_id,
        {{ pylon.count_if('is_agent_turn') }} as replies,
        {{ pylon.count_if('is_private') }} as notes,
        count(distinct issue_id) as issues_touched,
        count(response_number) as responses,
        count(case when response_number = 1 then 1 end) as first_responses,
        {{ pylon.percentile('response_seconds', 0.5) }} as response_seconds_median,
        {{ pylon.percentile('response_business_seconds', 0.5) }} as response_business_seconds_median,
        {{ pylon.percentile('case when response_number = 1 then response_seconds end', 0.5) }} as first_response_seconds_median
    from {{ ref('int_pylon__turns') }}
    where side = 'agent' and author_user_id is not null
    group by sent_on, author_user_id
),

{{ pylon.daily_issue_counts('assignee_id', 'assignee_id is not null') }},

all_days as (
    select date_day, user_id from written
    union all
    select date_day, assignee_id as user_id from issue_days
),

days as (
    select distinct date_day, user_id from all_days
)

select
    days.date_day,
    days.user_id,
    users.user_name,
    coalesce(written.replies, 0) as replies,
    coalesce(written.notes, 0) as notes,
    coalesce(written.issues_touched, 0) as issues_touched,
    coalesce(written.responses, 0) as responses,
    coalesce(written.first_responses, 0) as first_responses,
    written.response_seconds_median,
    written.response_business_seconds_median,
    written.first_response_seconds_median,
    coalesce(issue_days.created_issues, 0) as created_issues,
    coalesce(issue_days.closed_issues, 0) as closed_issues,
    issue_days.resolution_seconds_median,
    coalesce(issue_days.open_issues, 0) as open_issues,
    coalesce(issue_days.waiting_on_you, 0) as waiting_on_you
from days
cross join {{ ref('int_pylon__as_of') }} as as_of
left join written on days.date_day = written.date_day and days.user_id = written.user_id
left join issue_days on days.date_day = issue_days.date_day and days.user_id = issue_days.assignee_id
left join {{ ref('stg_pylon__users') }} as users on days.user_id = users.user_id
where days.date_day > {{ pylon.add_days('as_of.as_of_day', -var('pylon_history_days')) }}

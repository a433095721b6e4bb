with {{ pylon.daily_issue_counts('team_id') }},

answered as (
    select
        turns.sent_on as date_day,
        issues.team_id,
        {{ pylon.count_if('turns.is_agent_turn') }} as replies,
        count(turns.response_number) as responses,
        count(case when turns.response_number = 1 then 1 end) as first_responses,
        {{ pylon.percentile('turns.response_seconds', 0.5) }} as response_seconds_median,
        {{ pylon.percentile('case when turns.response_number = 1 then turns.response_seconds end', 0.5) }}
            as first_response_seconds_median,
        {{ pylon.percentile('case when turns.response_number = 1 then turns.response_seconds end', 0.9) }}
            as first_response_seconds_p90,
        {{ pylon.percentile('case when turns.response_number = 1 then turns.response_business_seconds end', 0.5) }}
            as first_response_business_seconds_median
    from {{ ref('int_pylon__turns') }} as turns
    inner join {{ ref('int_pylon__issues') }} as issues on turns.issue_id = issues.issue_id
    where turns.is_agent_turn
    group by turns.sent_on, issues.team_id
),

all_days as (
    select date_day, team_id from issue_days
    union all
    select date_day, team_id from answered
),

days as (
    select distinct date_day, team_id from all_days
)

select
    days.date_day,
    days.team_id,
    coalesce(teams.team_name, case when days.team_id is null then '(no team)' else days.team_id end) as team_name,
    coalesce(issue_days.created_issues, 0) as created_issues,
    coalesce(issue_days.closed_issues, 0) as closed_issues,
    issue_days.resolution_seconds_median,
    coalesce(issue_days.open_issues, 0) as open_issues,
    coalesce(issue_days.waiting_on_you, 0) as waiting_on_you,
    coalesce(answered.replies, 0) as replies,
    coalesce(answered.responses, 0) as responses,
    coalesce(answered.first_responses, 0) as first_responses,
    answered.response_seconds_median,
    answered.first_response_seconds_median,
    answered.first_response_seconds_p90,
    answered.first_response_business_seconds_median
from days
cross join {{ ref('int_pylon__as_of') }} as as_of
left join issue_days
    on days.date_day = issue_days.date_day and coalesce(days.team_id, '') = coalesce(issue_days.team_id, '')
left join answered
    on days.date_day = answered.date_day and coalesce(days.team_id, '') = coalesce(answered.team_id, '')
left join {{ ref('stg_pylon__teams') }} as teams on days.team_id = teams.team_id
where days.date_day > {{ pylon.add_days('as_of.as_of_day', -var('pylon_history_days')) }}

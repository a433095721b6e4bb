-- Spans of days, both ends included, at whose end an issue was open, with the state that its conversation shows:
-- Pylon keeps no log of states. An issue is open from its creation to the day before it was closed.
with open_issues as (
    select
        issues.issue_id,
        issues.created_on,
        least(coalesce({{ pylon.add_days('issues.closed_on', -1) }}, as_of.as_of_day), as_of.as_of_day) as last_day,
        {{ pylon.add_days('as_of.as_of_day', 1 - var('pylon_history_days')) }} as horizon
    from {{ ref('int_pylon__issues') }} as issues
    cross join {{ ref('int_pylon__as_of') }} as as_of
),

turns as (
    select
        turns.issue_id,
        greatest(turns.sent_on, issues.created_on) as from_day,
        turns.side,
        turns.exchange_number,
        turns.is_agent_turn,
        turns.turn_number
    from {{ ref('int_pylon__turns') }} as turns
    inner join {{ ref('int_pylon__issues') }} as issues on turns.issue_id = issues.issue_id
    where turns.is_turn
),

ranked as (
    select
        issue_id,
        from_day,
        case
            when is_agent_turn then 'waiting_on_customer'
            when exchange_number = 1 then 'new'
            else 'waiting_on_you'
        end as state,
        row_number() over (partition by issue_id, from_day order by turn_number desc) as place
    from turns
),

changes as (
    select issue_id, from_day, state from ranked where place = 1
    union all
    select open_issues.issue_id, open_issues.created_on, 'new'
    from open_issues
    left join ranked on open_issues.issue_id = ranked.issue_id and open_issues.created_on = ranked.from_day and ranked.place = 1
    where ranked.issue_id is null
),

followed as (
    select
        issue_id,
        from_day,
        state,
        lead(from_day) over (partition by issue_id order by from_day) as next_day
    from changes
)

select
    followed.issue_id,
    followed.state,
    greatest(followed.from_day, open_issues.horizon) as first_day,
    least(coalesce({{ pylon.add_days('followed.next_day', -1) }}, open_issues.last_day), open_issues.last_day) as last_day,
    open_issues.created_on
from followed
inner join open_issues on followed.issue_id = open_issues.issue_id
where greatest(followed.from_day, open_issues.horizon)
    <= least(coalesce({{ pylon.add_days('followed.next_day', -1) }}, open_issues.last_day), open_issues.last_day)

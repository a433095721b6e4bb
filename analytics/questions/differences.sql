-- First answers counted otherwise
-- The issues of which Pylon counts another time to the first answer than we do, by more than a minute, the largest differences first, and
-- why, as far as the messages tell. Pylon's only.
-- reason: any | automation | note | opening | beginning | answer | ours_only | pylon_only; only those with one reason
-- top: 1..1000, 24; how many lines
with times as (
    select
        issues.issue_number as number,
        issues.issue_id,
        issues.title,
        issues.first_response_seconds as ours,
        metrics.pylon_first_response_seconds as pylons,
        metrics.pylon_first_response_at,
        metrics.is_agent_first,
        abs(coalesce(issues.first_response_seconds, 0) - coalesce(metrics.pylon_first_response_seconds, 0)) as difference,
        issues.first_response_at is not null
        and metrics.pylon_first_response_at
        between issues.first_response_at - interval '1 minute' and issues.first_response_at + interval '1 minute' as is_same_answer
    from pylon__issues as issues
    inner join pylon__issue_metrics as metrics on issues.issue_id = metrics.issue_id
),

answers as (
    select
        times.issue_id,
        count(case when messages.is_public and messages.side = 'agent' then 1 end) as answers,
        count(case when messages.side = 'automation' then 1 end) as automations,
        count(case when not messages.is_public then 1 end) as notes
    from times
    inner join pylon__issue_messages as messages
        on
            times.issue_id = messages.issue_id
            and messages.sent_at
            between times.pylon_first_response_at - interval '1 minute' and times.pylon_first_response_at + interval '1 minute'
    group by times.issue_id
),

judged as (
    select
        times.*,
        case
            when times.pylons is null then 'ours_only'
            when times.is_same_answer then 'beginning'
            when answers.answers > 0 and times.is_agent_first then 'opening'
            when answers.answers > 0 then 'answer'
            when answers.automations > 0 then 'automation'
            when answers.notes > 0 then 'note'
            when times.ours is null then 'pylon_only'
            else 'answer'
        end as reason
    from times
    left join answers on times.issue_id = answers.issue_id
    where
        (times.ours is not null or times.pylons is not null)
        and (times.ours is null or times.pylons is null or times.difference > 60)
)

select
    number,
    title,
    round(cast(ours / 3600.0 as numeric(20, 6)), 1) as our_hours,
    round(cast(pylons / 3600.0 as numeric(20, 6)), 1) as pylon_hours,
    reason,
    case reason
        when 'automation' then 'Pylon counts an automatic message'
        when 'note' then 'Pylon counts an internal note'
        when 'opening' then 'Pylon counts the message with which we opened the issue'
        when 'beginning' then 'the same answer; we count from the customer''s message'
        when 'ours_only' then 'Pylon tells no time'
        when 'pylon_only' then 'the copy has no answer of that time'
        else 'Pylon counts another answer than we do'
    end as why,
    issue_id as issue
from judged
where $reason = 'any' or reason = $reason
order by difference desc, number
limit cast($top as integer)

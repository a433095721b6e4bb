-- What the teams' days count together is what there is: issues created and closed, replies, and the backlog.
with days as (
    select
        date_day,
        sum(created_issues) as created_issues,
        sum(closed_issues) as closed_issues,
        sum(replies) as replies,
        sum(open_issues) as open_issues
    from {{ ref('pylon__team_daily') }}
    group by date_day
),

created as (select created_on, count(*) as issues from {{ ref('pylon__issues') }} group by created_on),

closed as (select closed_on, count(*) as issues from {{ ref('pylon__issues') }} group by closed_on),

backlog as (select date_day, sum(open_issues) as issues from {{ ref('pylon__backlog_daily') }} group by date_day),

replied as (
    select messages.sent_on, count(*) as replies
    from {{ ref('pylon__issue_messages') }} as messages
    inner join {{ ref('pylon__issues') }} as issues on messages.issue_id = issues.issue_id
    where messages.side = 'agent' and messages.is_public
    group by messages.sent_on
)

select days.date_day
from days
left join created on days.date_day = created.created_on
left join closed on days.date_day = closed.closed_on
left join backlog on days.date_day = backlog.date_day
left join replied on days.date_day = replied.sent_on
where days.created_issues <> coalesce(created.issues, 0)
    or days.closed_issues <> coalesce(closed.issues, 0)
    or days.open_issues <> coalesce(backlog.issues, 0)
    or days.replies <> coalesce(replied.replies, 0)

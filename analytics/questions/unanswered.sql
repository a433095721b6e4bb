-- Who waits longest
-- The open issues in which a customer waits for an answer, the longest wait first.
-- desk: any of support__tickets.desk; only this desk's
-- team: any of support__tickets.team_label; only this team's
-- first: any | yes | no; whether it would be the first answer
-- top: 1..1000, 15; how many lines
select
    tickets.ticket_number as number,
    tickets.title,
    tickets.customer_label as account,
    tickets.team_label as team,
    tickets.assignee_label as assignee,
    tickets.priority,
    round(cast(tickets.waiting_seconds / 3600.0 as numeric(20, 6)), 1) as waiting_hours,
    case when tickets.first_response_at is null then 'yes' else 'no' end as first_answer,
    tickets.ticket_key as ticket
from support__tickets as tickets
where
    tickets.waiting_since is not null
    and ($desk = '' or tickets.desk = $desk)
    and ($team = '' or tickets.team_label = $team)
    and ($first = 'any' or ($first = 'yes') = (tickets.first_response_at is null))
order by tickets.waiting_seconds desc, tickets.ticket_number nulls last, tickets.ticket_key
limit cast($top as integer)

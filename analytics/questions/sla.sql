-- Targets met
-- How many of the targets with a deadline were met, missed, or are overdue now; closed_before are those of issues that were closed
-- before the deadline without an answer. met_percent is of those met, missed or overdue. Pylon's only.
-- by: target | team | month; what to count them by
-- top: 1..1000, 24; how many lines
select
    coalesce(
        case $by
            when 'target' then case sla.target when 'resolution' then 'resolution' else 'first response' end
            when 'team' then coalesce(teams.team_label, sla.team_id, tickets.team_label)
            else substr(cast(sla.due_on as varchar(10)), 1, 7)
        end,
        '(none)'
    ) as name,
    count(*) as targets,
    count(case when outcome = 'met' then 1 end) as met,
    count(case when outcome = 'breached' then 1 end) as missed,
    count(case when outcome = 'overdue' then 1 end) as overdue,
    count(case when outcome = 'running' then 1 end) as running,
    count(case when outcome = 'closed' then 1 end) as closed_before,
    round(
        cast(
            100.0 * count(case when outcome = 'met' then 1 end)
            / nullif(count(case when outcome in ('met', 'breached', 'overdue') then 1 end), 0) as numeric(20, 6)
        ),
        1
    ) as met_percent
from pylon__sla as sla
inner join support__tickets as tickets on tickets.desk = 'pylon' and sla.issue_id = tickets.ticket_id
left join int_support__teams as teams on teams.desk = 'pylon' and sla.team_id = teams.team_id
where outcome <> 'untimed'
group by 1
order by 1 desc
limit cast($top as integer)

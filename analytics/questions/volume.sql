-- Volume
-- How many issues came in lately, where from or about what, and how that compares with as many days before.
-- Of Zaia's tickets, neither tags nor type nor priority are known.
-- by: source | tag | team | account | type | priority; what to count them by
-- desk: any of support__tickets.desk; only this desk's
-- days: 1..3650, 30; how many days back
-- top: 1..1000, 20; how many lines
with days as (
    select max(as_of_day) as today
    from support__desks
    where $desk = '' or desk = $desk
),

named as (
    select
        tickets.created_on,
        case $by
            when 'source' then tickets.channel
            when 'team' then tickets.team_label
            when 'account' then tickets.customer_label
            when 'type' then tickets.ticket_type
            else tickets.priority
        end as name
    from support__tickets as tickets
    where $by <> 'tag' and ($desk = '' or tickets.desk = $desk)
    union all
    select issues.created_on, tags.tag
    from stg_pylon__issue_tags as tags
    inner join pylon__issues as issues on tags.issue_id = issues.issue_id
    where $by = 'tag' and $desk in ('', 'pylon')
)

select
    coalesce(named.name, '(none)') as name,
    count(case when named.created_on > days.today - cast($days as integer) then 1 end) as issues,
    count(case when named.created_on <= days.today - cast($days as integer) then 1 end) as issues_before
from named
cross join days
where named.created_on > days.today - 2 * cast($days as integer)
group by 1
order by 2 desc, 3 desc, 1
limit cast($top as integer)

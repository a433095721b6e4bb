-- Volume
-- How many issues came in lately, where from or about what, and how that compares with as many days before.
-- by: source | tag | team | account | type | priority; what to count them by
-- days: 1..3650, 30; how many days back
-- top: 1..1000, 20; how many lines
with days as (
    select cast(max(last_load_at) as date) as today from pylon__sync_freshness
),

named as (
    select
        issues.created_on,
        case $by
            when 'source' then issues.source
            when 'team' then issues.team_name
            when 'account' then issues.account_name
            when 'type' then issues.issue_type
            else issues.priority
        end as name
    from pylon__issues as issues
    where $by <> 'tag'
    union all
    select issues.created_on, tags.tag
    from stg_pylon__issue_tags as tags
    inner join pylon__issues as issues on tags.issue_id = issues.issue_id
    where $by = 'tag'
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

with counted as (
    {%- for table, stamp in pylon.raw_tables().items() %}
    select '{{ table }}' as table_name, count(*) as row_count, max({{ pylon.column(stamp) }}) as newest_row_at
    from {{ pylon.raw(table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

loads as (
    select max(loaded_at) as last_load_at, count(*) as loads from {{ ref('stg_pylon__loads') }}
),

children as (
    select sync.child, count(*) as issues_read
    from {{ ref('stg_pylon__issue_sync') }} as sync
    inner join {{ ref('stg_pylon__issues') }} as issues on sync.issue_id = issues.issue_id
    group by sync.child
),

issues as (
    select count(*) as issues from {{ ref('stg_pylon__issues') }}
)

select
    counted.table_name,
    counted.row_count,
    counted.newest_row_at,
    loads.last_load_at,
    {{ pylon.now() }} as checked_at,
    {{ pylon.seconds_between('counted.newest_row_at', pylon.now()) }} as seconds_since_newest_row,
    {{ pylon.seconds_between('loads.last_load_at', pylon.now()) }} as seconds_since_last_load,
    coalesce({{ pylon.seconds_between('loads.last_load_at', pylon.now()) }} > 3600 * {{ var('pylon_stale_hours') }}, true) as is_stale,
    case
        when counted.table_name in ('issue_messages', 'issue_threads', 'issue_followers')
            then issues.issues - coalesce(children.issues_read, 0)
    end as issues_never_read
from counted
cross join loads
cross join issues
left join children on counted.table_name = children.child

-- No second in a status is lost between the map, its rows and the columns by category.
with by_category as (
    select coalesce(sum(
        coalesce(seconds_new, 0) + coalesce(seconds_waiting_on_you, 0) + coalesce(seconds_waiting_on_customer, 0)
        + coalesce(seconds_on_hold, 0) + coalesce(seconds_closed, 0) + coalesce(seconds_other, 0)
    ), 0) as seconds
    from {{ ref('pylon__issue_metrics') }}
),

status_rows as (
    select coalesce(sum(seconds), 0) as seconds from {{ ref('pylon__issue_status_times') }}
)

select by_category.seconds, status_rows.seconds as expected
from by_category
cross join status_rows
where by_category.seconds <> status_rows.seconds

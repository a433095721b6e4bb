-- The users of Zaia whose names the copy knows: no list has them, but tickets name who is in charge.
with named as (
    select
        assignee_id as user_id,
        assignee_name as user_name,
        assignee_email as email,
        row_number() over (partition by assignee_id order by synced_at desc, ticket_id) as place
    from {{ ref('stg_zaia__tickets') }}
    where assignee_id is not null and assignee_name is not null
)

select user_id, user_name, email
from named
where place = 1

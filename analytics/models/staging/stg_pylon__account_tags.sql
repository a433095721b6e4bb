with accounts as (
    select id as account_id, tags from {{ pylon.raw('accounts') }}
),

unfolded as (
    {{ pylon.unfold_list('accounts', ['account_id'], 'tags') }}
),

named as (
    select account_id, position, {{ pylon.json_scalar('value') }} as tag from unfolded
)

select account_id, tag, min(position) as position
from named
where tag is not null
group by account_id, tag

select
    issue_id,
    type as follower_type,
    id as follower_id,
    case when type = 'user' then id end as user_id,
    case when type = 'contact' then id end as contact_id,
    _synced_at as synced_at
from {{ pylon.raw('issue_followers') }}

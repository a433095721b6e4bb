select
    id as account_id,
    name as account_name,
    type as account_type,
    coalesce(is_disabled, false) as is_disabled,
    coalesce(primary_domain, domain) as domain,
    owner_id,
    created_at,
    updated_at,
    latest_customer_activity_time as latest_customer_activity_at,
    tags,
    custom_fields,
    _synced_at as synced_at
from {{ pylon.raw('accounts') }}

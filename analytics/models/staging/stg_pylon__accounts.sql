select
    id as account_id,
    name as account_name,
    type as account_type,
    coalesce(is_disabled, false) as is_disabled,
    coalesce(primary_domain, domain) as domain,
    owner_id,
    {{ pylon.instant('created_at') }} as created_at,
    {{ pylon.instant('updated_at') }} as updated_at,
    {{ pylon.instant('latest_customer_activity_time') }} as latest_customer_activity_at,
    tags,
    custom_fields,
    _synced_at as synced_at
from {{ pylon.raw('accounts') }}

select
    id as contact_id,
    name as contact_name,
    lower(email) as email,
    account_id,
    primary_phone_number as phone_number,
    portal_role,
    _synced_at as synced_at
from {{ pylon.raw('contacts') }}

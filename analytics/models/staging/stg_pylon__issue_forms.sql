select
    issue_id,
    ticket_form_id as form_id,
    _synced_at as synced_at
from {{ pylon.raw('issue_forms') }}

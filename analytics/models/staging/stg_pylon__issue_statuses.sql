select
    slug as status,
    label as status_label,
    coalesce(category, slug) as status_category,
    coalesce(is_default_status, false) as is_default,
    coalesce(is_archived, false) as is_archived,
    (slug = 'closed' or coalesce(category, '') = 'closed'
        {%- if var('pylon_closed_statuses') %}
        or slug in ('{{ var('pylon_closed_statuses') | join("', '") }}')
        {%- endif %}) as is_closed,
    _synced_at as synced_at
from {{ pylon.raw('issue_statuses') }}

with known as (
    select 'pylon' as desk, account_id as customer_id, account_name as customer_name, domain
    from {{ ref('stg_pylon__accounts') }}
    union all
    select 'zaia', owner_id, max(owner_name), cast(null as {{ dbt.type_string() }})
    from {{ ref('stg_zaia__tickets') }}
    where owner_id is not null
    group by owner_id
)

select
    desk || ':' || customer_id as customer_key,
    desk,
    customer_id,
    customer_name,
    {{ pylon.label('customer_name', 'customer_id', 'domain') }} as customer_label
from known

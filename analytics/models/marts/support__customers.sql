-- Where several customers have one name, the domain tells them apart, or the id where that does not.
with known as (
    select 'pylon' as desk, account_id as customer_id, account_name as customer_name, domain
    from {{ ref('stg_pylon__accounts') }}
    union all
    select 'zaia', owner_id, max(owner_name), cast(null as {{ dbt.type_string() }})
    from {{ ref('stg_zaia__tickets') }}
    where owner_id is not null
    group by owner_id
),

counted as (
    select
        *,
        count(*) over (partition by lower(customer_name)) as of_the_name,
        count(*) over (partition by lower(customer_name), lower(domain)) as of_the_domain
    from known
)

select
    desk || ':' || customer_id as customer_key,
    desk,
    customer_id,
    customer_name,
    case
        when customer_name is null then customer_id
        when of_the_name = 1 then customer_name
        when domain is not null and of_the_domain = 1 then customer_name || ' (' || domain || ')'
        else customer_name || ' (' || customer_id || ')'
    end as customer_label
from counted

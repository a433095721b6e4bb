-- Who has one name at both desks is taken for one person.
with known as (
    select 'pylon' as desk, user_id as agent_id, user_name as agent_name, email
    from {{ ref('stg_pylon__users') }}
    union all
    select 'zaia', user_id, user_name, email
    from {{ ref('int_zaia__people') }}
)

select
    desk,
    agent_id,
    agent_name,
    {{ pylon.label('agent_name', 'agent_id', 'email', within='desk') }} as agent_label
from known

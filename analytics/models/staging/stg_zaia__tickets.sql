with tickets as (
    select
        id as ticket_id,
        status,
        summary,
        {{ pylon.instant('created_at') }} as created_at,
        {{ pylon.local_day(pylon.instant('created_at')) }} as created_on,
        {{ pylon.instant('ongoing_at') }} as ongoing_at,
        {{ pylon.instant('completed_at') }} as completed_at,
        pending_chat_messages,
        chat_id,
        coalesce(chat_is_removed, false) as is_chat_removed,
        chat_owner_id as owner_id,
        coalesce(owner_name, owner_identifier, owner_email) as owner_name,
        lower(owner_email) as owner_email,
        assignee_id,
        assignee_name,
        lower(assignee_email) as assignee_email,
        ticketing_team_id as team_id,
        ticketing_team_name as team_name,
        channel_id,
        channel_name,
        channel_type,
        responder_id,
        responder_name,
        _synced_at as synced_at
    from {{ pylon.raw('tickets', 'zaia') }}
)

select
    tickets.*,
    case
        when status = 'completed' then true
        when status in ('pending', 'ongoing') then false
        else completed_at is not null
    end as is_closed
from tickets

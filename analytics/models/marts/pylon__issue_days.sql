-- depends_on: {{ ref('stg_pylon__issue_custom_fields') }}, {{ ref('stg_pylon__issue_snapshot_fields') }}
-- What was seen last on a day holds until something else is. The issue as it is now is one more record, so that values
-- are true where records were switched off, and where there never were any.
{%- set known = {
    'state': {'state': 'days.state', 'state_label': 'coalesce(statuses.status_label, days.state)',
        'state_category': 'coalesce(statuses.status_category, days.state)'},
    'assignee': {'assignee_id': 'days.assignee_id', 'assignee_name': 'users.user_name'},
    'team': {'team_id': 'days.team_id', 'team_name': 'teams.team_name'},
    'tags': {'tags': 'days.tags'},
} %}
{%- set chosen = var('pylon_issue_day_fields') %}
{%- for field in chosen if field not in known %}
    {{- exceptions.raise_compiler_error('pylon_issue_day_fields: ' ~ field ~ ' is none of ' ~ known | join(', ')) }}
{%- endfor %}
{%- set custom = pylon.issue_custom_field_columns(var('pylon_issue_day_custom_fields')) %}
{%- set compared = ['is_closed'] %}
{%- for field in chosen %}
    {%- do compared.append({'assignee': 'assignee_id', 'team': 'team_id'}.get(field, field)) %}
{%- endfor %}
{%- set names = custom | map(attribute='column') | list %}
{%- do compared.extend(names) %}
with records as (
    select snapshot_id as record_id, issue_id, recorded_at, recorded_on, 0 as place, state, assignee_id, team_id, tags
    from {{ ref('stg_pylon__issue_snapshots') }}
    union all
    select issue_id as record_id, issue_id, synced_at, {{ pylon.local_day('synced_at') }}, 1, state, assignee_id, team_id, tags
    from {{ ref('stg_pylon__issues') }}
),

ranked as (
    select
        records.*,
        row_number() over (
            partition by records.issue_id, records.recorded_on order by records.recorded_at desc, records.place desc
        ) as newest,
        max(case when records.place = 0 then 1 else 0 end) over (partition by records.issue_id) = 1 as is_recorded
    from records
    inner join {{ ref('stg_pylon__issues') }} as issues on records.issue_id = issues.issue_id
),

ended as (
    select * from ranked where newest = 1
),

unfolded as (
    {{ pylon.unfold_list('ended', ['issue_id', 'recorded_on'], 'tags') }}
),

tagged as (
    select issue_id, recorded_on, {{ pylon.joined(pylon.json_scalar('value'), ', ', 'position') }} as tags
    from unfolded
    group by issue_id, recorded_on
),

{% if custom -%}
custom as (
    {%- for key, model in [('snapshot_id', ref('stg_pylon__issue_snapshot_fields')), ('issue_id', ref('stg_pylon__issue_custom_fields'))] %}
    select
        {{ key }} as record_id,
        {%- for field in custom %}
        {{ pylon.issue_custom_field(field) }} as {{ field.column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    group by {{ key }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{% endif -%}
judged as (
    select
        ended.issue_id,
        ended.recorded_at,
        ended.recorded_on,
        ended.is_recorded,
        ended.state,
        ended.assignee_id,
        ended.team_id,
        tagged.tags,
        {%- for name in names %}
        custom.{{ name }},
        {%- endfor %}
        coalesce(statuses.is_closed, ended.state = 'closed', false) as is_closed
    from ended
    left join tagged on ended.issue_id = tagged.issue_id and ended.recorded_on = tagged.recorded_on
    left join {{ ref('stg_pylon__issue_statuses') }} as statuses on ended.state = statuses.status
    {%- if custom %}
    left join custom on ended.record_id = custom.record_id
    {%- endif %}
),

followed as (
    select
        *,
        {%- for column in compared %}
        lag({{ column }}) over (partition by issue_id order by recorded_on) as former_{{ column }},
        {%- endfor %}
        row_number() over (partition by issue_id order by recorded_on) as place
    from judged
),

changes as (
    select
        *,
        lead(recorded_on) over (partition by issue_id order by recorded_on) as next_on
    from followed
    where (place = 1 and (is_recorded or not is_closed))
        or (place > 1 and (
            {%- for column in compared %}
            {{ column }} is distinct from former_{{ column }}{{ ' or' if not loop.last }}
            {%- endfor %}
        ))
),

dated as (
    select
        changes.*,
        greatest(changes.recorded_on, {{ pylon.add_days('as_of.as_of_day', 1 - var('pylon_issue_day_history')) }}) as first_day,
        case
            when changes.is_closed then changes.recorded_on
            else least(coalesce({{ pylon.add_days('changes.next_on', -1) }}, as_of.as_of_day), as_of.as_of_day)
        end as last_day
    from changes
    cross join {{ ref('int_pylon__as_of') }} as as_of
),

spans as (
    select * from dated where first_day <= last_day
),

days as (
    {{ pylon.unfold_days('spans',
        ['issue_id', 'recorded_at', 'recorded_on', 'state', 'assignee_id', 'team_id', 'tags', 'is_closed'] + names,
        'first_day', 'last_day') }}
)

select
    days.issue_id,
    days.date_day,
    not days.is_closed as is_open,
    {%- for field in chosen %}
    {%- for name, value in known[field].items() %}
    {{ value }} as {{ name }},
    {%- endfor %}
    {%- endfor %}
    {%- for name in names %}
    days.{{ name }},
    {%- endfor %}
    days.recorded_at,
    days.date_day = days.recorded_on as is_changed
from days
left join {{ ref('stg_pylon__issue_statuses') }} as statuses on days.state = statuses.status
left join {{ ref('stg_pylon__users') }} as users on days.assignee_id = users.user_id
left join {{ ref('stg_pylon__teams') }} as teams on days.team_id = teams.team_id

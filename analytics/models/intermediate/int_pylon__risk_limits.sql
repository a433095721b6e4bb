-- What pylon__account_health holds accounts against, for whoever does so of another day.
select
    cast({{ var('pylon_risk_open_days') }} as {{ pylon.type_number() }}) as open_days,
    cast({{ var('pylon_risk_unanswered_hours') }} as {{ pylon.type_number() }}) as unanswered_hours,
    cast({{ var('pylon_risk_csat_below') }} as {{ pylon.type_number() }}) as csat_below,
    cast({{ var('pylon_risk_volume_growth') }} as {{ pylon.type_number() }}) as volume_growth

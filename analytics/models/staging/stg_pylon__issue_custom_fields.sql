{{ pylon.custom_field_values('issue', 'issues') }}

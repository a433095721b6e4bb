{{ pylon.custom_field_values('account', 'accounts') }}

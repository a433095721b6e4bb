{{ pylon.custom_field_values('contact', 'contacts') }}

{{ pylon.custom_field_values('issue', 'issue_snapshots', 'snapshot_id') }}

"""What every verb needs: options, settings, exit codes, and one screen for each error."""

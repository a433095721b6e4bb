"""The verbs that know Zaia: run, check, status and verify for the second desk."""

"""``pylon serve``: runs on a schedule, and as soon as a webhook rings; health and metrics over HTTP."""

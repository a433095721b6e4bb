"""The HTTP side: how an endpoint is asked, how fast, and in which windows. Knows nothing of dlt."""

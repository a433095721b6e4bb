"""pylon status and pylon check: what is there, and whether a run would succeed."""

"""What the copy holds and what is due in it, and how dlt writes to it."""

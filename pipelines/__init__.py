"""What turns a source into a scheduled job: command line, run loop, lock, status."""

"""Where the copy is: destination, lock, snapshot, and a look that changes nothing."""

"""What a turn reads, lane by lane: issues, what hangs on them, and the collections."""

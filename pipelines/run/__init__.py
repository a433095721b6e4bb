"""pylon run and pylon reconcile: the run loop, the plan before it, and what is shown of it."""

"""Beyond what changed: comparing the copy with complete listings, mending it, and removing what is gone."""

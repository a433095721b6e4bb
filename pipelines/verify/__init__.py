"""pylon verify and pylon drift: the copy against Pylon, the catalogue against Pylon's own document."""

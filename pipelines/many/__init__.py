"""Several workspaces: one by name, or all of them side by side."""

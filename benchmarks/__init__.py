"""What the README claims about speed, measured: one command for each claim. See README.md in this folder."""

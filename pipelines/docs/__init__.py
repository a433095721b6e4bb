"""The pages and files that are written from the catalogue and the questions."""

"""The safety catch: how much may go at once without being told to. Pure."""

CATCH_SHARE = 0.2
CATCH_ROWS = 50
"""More than this many rows of a table, and more than that share of them, are not removed without being told to."""


def catches(missing: int, stored: int) -> bool:
    """Say whether more rows are missing than can be believed."""
    return missing > CATCH_ROWS and missing > stored * CATCH_SHARE

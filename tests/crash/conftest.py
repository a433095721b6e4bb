from __future__ import annotations

from support.copies import branches, runner

__all__ = ["branches", "runner"]

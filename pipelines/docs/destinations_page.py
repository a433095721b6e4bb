"""``docs/destinations.md``: where a copy may go, and what was done to copies there."""

from __future__ import annotations

from pylon_elt.sources.pylon.copy.tested import DESTINATIONS, PARTS, Destination
from pylon_elt.sources.zaia.destination import TESTED as ZAIA

from ..base.advice import UNTESTED

_INTRODUCTION = f"""\
# Destinations

Written by `make docs` from `sources/pylon/copy/tested.py`. dlt writes into many databases. Whether a copy there is
exact depends on how each of them binds NULL, spells times and ends a transaction, and has to be tried. What was tried
is what the table says; a run refuses everything else, and so does the source in plain dlt. {UNTESTED}
(in plain dlt, or for good, `untested_destination = true` under `[sources.pylon]`); `pylon verify` then compares the
copy. A destination without dlt's `delete-insert` merge is always refused: what says that a row is to go would stay
there as a row."""
_NOT_RUN = """\
## Not run here

Of these only what stands here is known; what would keep two runs apart is"""


def page() -> str:
    """Return the whole page."""
    tried = [one for one in DESTINATIONS.values() if one.by]
    others = [one for one in DESTINATIONS.values() if not one.by]
    done = "\n".join(f"- **{part}**: {told}." for part, told in PARTS.items())
    known = "\n".join(f"- `{one.name}`: not run here. {one.known}".rstrip() for one in others)
    zaia = " and ".join(f"`{name}`" for name in ZAIA)
    return (
        "\n\n".join(
            (
                _INTRODUCTION,
                _table(tried),
                f"What was done, after each of which every row and column was compared:\n\n{done}",
                f"`zaia` was tested in {zaia}.",
                f"{_NOT_RUN} {others[0].lock}.\n\n{known}",
            )
        )
        + "\n"
    )


def _table(tried: list[Destination]) -> str:
    lines = [
        f"| destination | let in | {' | '.join(PARTS)} | what keeps two runs apart |",
        f"|---|---|{'---|' * len(PARTS)}---|",
    ]
    for one in tried:
        parts = " | ".join(f"[exact](../{one.by[part]})" if part in one.by else "not tried" for part in PARTS)
        name = f"`{one.name}` (dlt's `sqlalchemy`)" if one.by_sqlalchemy else f"`{one.name}`"
        admitted = "yes" if one.is_tested else "if told to"
        lines.append(f"| {name} | {admitted} | {parts} | {one.lock} |")
    notes = [f"{one.name}: {one.known}" for one in tried if one.known]
    return "\n".join(lines) + ("\n\n" + " ".join(notes) if notes else "")

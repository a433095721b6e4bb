"""Why MySQL or MariaDB refused, by the number of its error; the driver's own words, and what to do."""

from __future__ import annotations

import re

from . import exits
from .exits import Problem
from .refusals import said

_CREDENTIALS = "Check DESTINATION__SQLALCHEMY__CREDENTIALS, or [destination.sqlalchemy] in .dlt/secrets.toml."
_LOGIN = ("The database refuses the login", _CREDENTIALS, exits.CONFIGURATION)
_AWAY = (
    "The database cannot be reached",
    f"Is the server up, and are host and port right? {_CREDENTIALS}",
    exits.CONFIGURATION,
)
_BROKEN = ("The connection to the database broke", "Run again. Nothing that was saved is lost.", exits.FAILED)
_RIGHTS = (
    "The database does not allow it",
    "Give the user all rights on the database of the copy and on the one beside it that ends in _dlt_staging.",
    exits.CONFIGURATION,
)
_CAUSES = {
    **dict.fromkeys((1045, 1698), _LOGIN),
    **dict.fromkeys((2002, 2003, 2005), _AWAY),
    **dict.fromkeys((1053, 2006, 2013, 1205, 1213), _BROKEN),
    **dict.fromkeys((1044, 1142, 1143, 1227), _RIGHTS),
    1049: (
        "The database of the connection string is not there",
        f"Create it. {_CREDENTIALS}",
        exits.CONFIGURATION,
    ),
    1153: (
        "A row is larger than the database takes",
        "Set max_allowed_packet of the server, such as to 256M, and run again.",
        exits.CONFIGURATION,
    ),
}
"""What has happened, what to do, and the exit code, by number; the numbers are in MySQL's error reference."""
_NUMBER = re.compile(r"^\((\d+), ")


def mysql(error: BaseException) -> Problem | None:
    """Return the problem behind an error of PyMySQL or of another driver that numbers its errors so."""
    if type(error).__module__.partition(".")[0] not in ("pymysql", "MySQLdb", "mariadb"):
        return None
    found = _NUMBER.match(str(error))
    if found is None or int(found[1]) not in _CAUSES:
        return None
    what, remedy, code = cause = _CAUSES[int(found[1])]
    return Problem(f"{what}: {said(error)}", remedy, code, passing=cause is _AWAY)

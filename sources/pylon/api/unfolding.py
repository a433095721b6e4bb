"""The encodings of answers, unfolded piece by piece. Pure."""

from __future__ import annotations

import zlib

from .exchange import PLAIN

_MEMBER = b"\x1f\x8b"
"""What each member of a gzip file begins with."""


class Unfolding:
    """Unfolds one answer.

    Args:
        encoding: How its head says that it is encoded.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._left = b""
        self._member: zlib._Decompress | None = None

    def unfold(self, piece: bytes) -> bytes:
        """Return what a piece holds, which may be nothing yet.

        Raises:
            zlib.error: It is not encoded as its head says.
        """
        if self._encoding in PLAIN or not piece:
            return piece
        member = self._member = self._member or zlib.decompressobj(_format(self._encoding, piece))
        if not member.eof:
            found, piece = [member.decompress(piece)], member.unused_data
        else:
            found, piece = [], self._left + piece
        # gzip may come in several members, one after the other; what else follows the end is no part of the answer
        while self._encoding == "gzip" and piece.startswith(_MEMBER):
            member = self._member = zlib.decompressobj(_format(self._encoding, piece))
            found.append(member.decompress(piece))
            piece = member.unused_data
        self._left = piece[: len(_MEMBER)]
        return b"".join(found)


def _format(encoding: str, first: bytes) -> int:
    """Return what zlib calls an encoding; some servers leave off the two bytes that ``deflate`` begins with."""
    if encoding == "gzip":
        return zlib.MAX_WBITS | 16
    return zlib.MAX_WBITS if first[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS

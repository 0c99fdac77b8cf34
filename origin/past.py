"""Recognise the addresses of the past by their form alone.  Sans-I/O.

Whether anything is there is another question.  Steps that must be numbers are taken as they
are, so that a wrong one is answered with a sentence and not with "no such thing".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["SOUND", "Which", "parse_past"]

SOUND: Final = "sound"
"""The list of sound alone; a name with a dot is no rendition's, so it hides none."""

_LIST: Final = r"(?:(index|sound)|([a-z0-9][a-z0-9-]{0,15})/index)\.m3u8"
_SPAN: Final = re.compile(rf"/catchup/([a-z0-9-]{{1,32}})/([^/]{{1,80}})/{_LIST}")
_REWIND: Final = re.compile(rf"/dvr/([a-z0-9-]{{1,32}})/{_LIST}")
_PROGRAMME: Final = re.compile(rf"/programmes/([a-z0-9-]{{1,64}})/{_LIST}")
_CLIENT: Final = re.compile(
    r"/(live|ll|sound)/([a-z0-9-]{1,32})/(?:([a-z0-9][a-z0-9-]{0,15})/)?"
    r"(index\.m3u8|[a-z0-9_]+-[^/]{1,80}\.m3u8)"
)

Kind: TypeAlias = Literal["catchup", "dvr", "programme", "client"]


@dataclass(frozen=True, slots=True)
class Which:
    """A list of the past."""

    kind: Kind
    """``client``: a form of :mod:`origin.iptv_forms`."""

    subject: str
    """The channel's slug, or the programme's id."""

    rendition: str = ""
    """Empty for a multivariant playlist."""

    sound: bool = False
    """The multivariant playlist of sound alone."""

    span: str = ""
    """As written."""

    folder: str = ""
    """``live``, ``ll`` or ``sound``, of a client's form."""

    name: str = ""
    """The last step, of a client's form."""

    @property
    def depth(self) -> int:
        """How many folders below the root the list lies."""
        folders = {"catchup": 3, "dvr": 2, "programme": 2, "client": 2}[self.kind]
        return folders + bool(self.rendition)

    @property
    def handler(self) -> str:
        """Label of the metrics."""
        return "catchup" if self.kind == "client" else self.kind


def parse_past(path: str) -> Which | None:
    """Return which list a path names; None if it is no list of the past.

    ``/live/hytv/index.m3u8`` is one too: with ``utc`` in its query it means the past.
    """
    if match := _SPAN.fullmatch(path):
        channel, span, name, rendition = match.groups()
        return Which("catchup", channel, rendition or "", name == SOUND, span)
    if match := _REWIND.fullmatch(path):
        channel, name, rendition = match.groups()
        return Which("dvr", channel, rendition or "", name == SOUND)
    if match := _PROGRAMME.fullmatch(path):
        programme, name, rendition = match.groups()
        return Which("programme", programme, rendition or "", name == SOUND)
    if match := _CLIENT.fullmatch(path):
        folder, channel, rendition, name = match.groups()
        return Which("client", channel, rendition or "", folder == SOUND, folder=folder, name=name)
    return None

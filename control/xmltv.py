"""XMLTV to entries.  Sans-I/O.

A document with declarations of its own (entities, attribute defaults) is refused before any of it
is read, so that nothing in it can grow or point elsewhere; the usual ``<!DOCTYPE tv SYSTEM
"xmltv.dtd">`` is accepted and fetched from nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_external_ges

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.expatreader import DefusedExpatParser

from control.entries import MAX_ENTRIES, Entry
from control.faults import FaultError, fault

__all__ = ["parse_xmltv"]

_MAX_DEPTH: Final = 8
_MAX_ELEMENTS: Final = 400_000
_FIELDS: Final = {
    "title": "title",
    "sub-title": "subtitle",
    "desc": "description",
    "category": "categories",
    "episode-num": "episode",
}


class _Parser(DefusedExpatParser):  # type: ignore[misc]  # defusedxml has no types
    """Refuses a DOCTYPE with a subset of its own, not every DOCTYPE."""

    def defused_start_doctype_decl(
        self, name: str, sysid: str | None, pubid: str | None, has_internal_subset: int
    ) -> None:
        if has_internal_subset:
            raise DTDForbidden(name, sysid, pubid)


def parse_xmltv(data: bytes) -> list[Entry]:
    """Read a document.

    Raises:
        FaultError: If it is not XMLTV, or one that is dangerous to read.
    """
    # The only outside reference that is left is the DOCTYPE's own, which is never fetched.
    parser: Any = _Parser(forbid_dtd=True, forbid_entities=True, forbid_external=False)
    parser.setFeature(feature_external_ges, False)  # noqa: FBT003  # SAX's own signature
    reader = _Reader(parser.getLineNumber)
    parser.setContentHandler(reader)
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        raise FaultError(fault("forbidden_dtd")) from error
    except SAXParseException as error:
        line = error.getLineNumber() or 0
        raise FaultError(fault("not_xml", line=line, detail=error.getMessage())) from error
    return reader.entries


class _Reader(ContentHandler):
    """Keeps the text of the fields of each programme."""

    def __init__(self, line: Callable[[], int]) -> None:
        super().__init__()
        self._line_now = line
        self.entries: list[Entry] = []
        self._path: list[str] = []
        self._elements = 0
        self._line = 0
        self._facts: dict[str, str] = {}
        self._texts: dict[str, list[tuple[str, str]]] = {}
        self._mark = ""
        self._pieces: list[str] = []

    def startElement(self, name: str, attrs: Mapping[str, str]) -> None:  # type: ignore[override]  # noqa: N802
        line = self._line_now()
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise FaultError(fault("too_many", line=line, detail=_MAX_ELEMENTS))
        if not self._path and name != "tv":
            raise FaultError(fault("not_xmltv", line=line, detail=name))
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise FaultError(fault("too_deep", line=line, detail=_MAX_DEPTH))
        match self._path:
            case [_, "programme"]:
                self._line, self._texts = line, {}
                self._facts = {
                    key: attrs.get(key, "") for key in ("channel", "start", "stop", "image")
                }
            case [_, "programme", "icon"] if not self._facts["image"]:
                self._facts["image"] = attrs.get("src", "")
            case [_, "programme", tag] if tag in _FIELDS:
                self._mark = attrs.get("system" if tag == "episode-num" else "lang", "")
                self._pieces = []
            case _:
                pass

    def characters(self, content: str) -> None:
        if len(self._path) == 3:  # noqa: PLR2004  # tv, programme, a field
            self._pieces.append(content)

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802  # SAX's name
        match self._path:
            case [_, "programme", tag] if tag in _FIELDS:
                found = self._texts.setdefault(_FIELDS[tag], [])
                if len(found) < 64:  # noqa: PLR2004
                    found.append((self._mark, "".join(self._pieces)))
            case [_, "programme"]:
                self._finish()
            case _:
                pass
        self._path.pop()

    def _finish(self) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise FaultError(fault("too_many", line=self._line, detail=MAX_ENTRIES))
        facts, texts = self._facts, self._texts
        self.entries.append(
            Entry(
                line=self._line,
                channel=facts["channel"],
                start=facts["start"],
                end=facts["stop"],
                title=_best(texts.get("title", [])),
                subtitle=_best(texts.get("subtitle", [])),
                description=_best(texts.get("description", [])),
                categories=tuple(text for _, text in texts.get("categories", [])),
                episode=_episode(texts.get("episode", [])),
                image=facts["image"],
            )
        )


def _best(texts: list[tuple[str, str]]) -> str:
    """Return the Vietnamese text if there is one, else the first."""
    vietnamese = [text for language, text in texts if language.lower().startswith("vi")]
    return vietnamese[0] if vietnamese else (texts[0][1] if texts else "")


def _episode(texts: list[tuple[str, str]]) -> str:
    by_system = dict(reversed(texts))
    shown = by_system.get("onscreen") or by_system.get("", "")
    if shown:
        return shown
    # "xmltv_ns": season, episode and part from zero, with dots between them (xmltv.dtd).
    parts = by_system.get("xmltv_ns", "").split(".")
    number = re.match(r" *([0-9]{1,6})", parts[1]) if len(parts) > 1 else None
    return f"Tập {int(number[1]) + 1}" if number else ""

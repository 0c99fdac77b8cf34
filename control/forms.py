"""A guide file's bytes to checked days, whatever its form.  Sans-I/O."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from control.csv_guide import parse_csv
from control.entries import Context, Reading, read_entries
from control.faults import FaultError
from control.gzip_guard import checked
from control.json_guide import parse_json
from control.xmltv import parse_xmltv

__all__ = ["Form", "form_of", "read_guide"]

Form: TypeAlias = Literal["xmltv", "csv", "json"]

_PARSERS: Final = {"xmltv": parse_xmltv, "csv": parse_csv, "json": parse_json}


def form_of(data: bytes) -> Form:
    """Tell a file's form by how it begins; names and content types lie."""
    head = data[:1024]
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:  # UTF-16: XML or what a spreadsheet saved
        head = head[2:].replace(b"\0", b"")
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return "xmltv"
    return "json" if head[:1] in {b"{", b"["} else "csv"


def read_guide(data: bytes, context: Context) -> Reading:
    """Read a whole file; every fault it has is in the answer.

    Args:
        data: The file, gzip or not, at most 5 MB.
        context: The station's channels and zone, and now.
    """
    try:
        plain = checked(data)
        return read_entries(_PARSERS[form_of(plain)](plain), context)
    except FaultError as error:
        return Reading(days=(), refused=(), faults=(error.fault,))

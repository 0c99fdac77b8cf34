"""Tables for spreadsheets (CSV by RFC 4180) and for terminals.  Sans-I/O."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

__all__ = ["align", "render_lines"]


def align(lines: Sequence[Sequence[str]]) -> str:
    """Return the lines with each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


class _Written(list[str]):
    def write(self, line: str) -> None:
        self.append(line)


def render_lines(lines: Iterable[Sequence[str]], *, texts: Iterable[int] = ()) -> str:
    """Return the lines as CSV.

    Args:
        lines: Cells of each line, the head first.
        texts: Columns whose cells others wrote, such as titles of a guide: a spreadsheet runs a
            cell that begins like a formula, so such a one gets an apostrophe before it.
    """
    written = _Written()
    writer = csv.writer(written)  # RFC 4180 is its first dialect
    foreign = frozenset(texts)
    for line in lines:
        writer.writerow(
            [_harmless(cell) if at in foreign else cell for at, cell in enumerate(line)]
        )
    return "".join(written)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell

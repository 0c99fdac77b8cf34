"""CSV that spreadsheets read."""

import csv
import io

from monitoring.spreadsheet import render_lines


def test_cells_come_back_as_they_were() -> None:
    lines = [["title", "n"], ['Ô "Đọc", và\nhát', "1"]]
    assert list(csv.reader(io.StringIO(render_lines(lines), newline=""))) == lines


def test_only_what_others_wrote_is_kept_from_being_a_formula() -> None:
    assert render_lines([["=1+1", "-23.0"]], texts=[0]) == "'=1+1,-23.0\r\n"

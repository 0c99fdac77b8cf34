"""A file is replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.durable import write_durably


def test_a_file_is_made_with_its_folder_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert [item.name for item in path.parent.iterdir()] == ["state.json"]


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_durably(path, b"one")
    path.with_suffix(".tmp").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_durably(path, b"two")
    assert path.read_bytes() == b"one"

"""The slate: what the channel shows when no input is good.  Drawn once, at start.

The channel's name on a calm ground, in a font with Vietnamese glyphs that comes with a
package, since a bare machine has none.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import unicodedata
from functools import cache
from pathlib import Path

import fontpkg_be_vietnam_pro
import structlog

from transcoder.buffer import Picture
from transcoder.graph import slate_arguments
from transcoder.pipes import Pipe, read_blocks

__all__ = ["black_picture", "draw_slate", "font_file"]

log = structlog.get_logger()

_NOTE = "Chương trình sẽ tiếp tục trong giây lát · We will be right back"
_DRAWING_S = 20.0


@cache
def font_file() -> Path:
    """Return the regular face of Be Vietnam Pro.

    Raises:
        FileNotFoundError: If the package holds no such file.
    """
    folder = Path(fontpkg_be_vietnam_pro.__file__).parent
    for pattern in ("*Regular*.ttf", "*Regular*.otf", "*.ttf"):
        for found in sorted(folder.rglob(pattern)):
            return found
    raise FileNotFoundError(f"no font in {folder}")


def black_picture(width: int, height: int) -> Picture:
    """Return one black yuv420p picture."""
    return bytearray(b"\x10" * (width * height) + b"\x80" * (width * height // 2))


async def draw_slate(*, program: str, name: str, width: int, height: int) -> Picture:
    """Draw the slate with the channel's name; black if it cannot be drawn.

    Cancelling is safe.

    Args:
        program: Path of FFmpeg.
        name: The channel's name; NFC is made of it, since drawtext draws decomposed
            Vietnamese wrongly.
        width: Pixels.
        height: Pixels.
    """
    pipe = Pipe()
    pictures: list[Picture] = []
    folder: Path | None = None
    try:
        folder = await asyncio.to_thread(_write_texts, name, _NOTE)
        arguments = slate_arguments(
            width=width,
            height=height,
            font=await asyncio.to_thread(font_file),
            name_file=folder / "0",
            note_file=folder / "1",
            picture_fd=pipe.write_fd,
        )
        process = await asyncio.create_subprocess_exec(
            program, *arguments, pass_fds=[pipe.write_fd]
        )
        pipe.close_write()
        size = width * height * 3 // 2
        try:
            async with asyncio.timeout(_DRAWING_S):
                await asyncio.to_thread(read_blocks, pipe.read_fd, size, pictures.append)
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    except (OSError, TimeoutError) as error:
        log.warning("no slate", detail=str(error))
    finally:
        pipe.close()
        if folder is not None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return pictures[0] if pictures else black_picture(width, height)


def _write_texts(*texts: str) -> Path:
    """Write each text, NFC, into a file of a new folder, named by its place; return the folder."""
    folder = Path(tempfile.mkdtemp(prefix="lensong-slate-"))
    for index, text in enumerate(texts):
        (folder / str(index)).write_text(unicodedata.normalize("NFC", text), encoding="utf-8")
    return folder

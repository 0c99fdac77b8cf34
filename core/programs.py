"""The FFmpeg that the platform runs: a configured one, else the one that pip installed."""

from __future__ import annotations

import imageio_ffmpeg

from core.config import PathSettings
from core.errors import ConfigError

__all__ = ["ffmpeg_program"]


def ffmpeg_program(paths: PathSettings) -> str:
    """Return the path of FFmpeg.

    Raises:
        ConfigError: If there is none.
    """
    if paths.ffmpeg is not None:
        if not paths.ffmpeg.is_file():
            raise ConfigError(f"paths.ffmpeg: there is no program {paths.ffmpeg}")
        return str(paths.ffmpeg)
    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise ConfigError(
            "no FFmpeg was found; install the package imageio-ffmpeg, or set paths.ffmpeg"
        ) from error
    return program

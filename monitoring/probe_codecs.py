"""Compare what a multivariant playlist promises with what the segments hold.  Sans-I/O.

**Source:** RFC 6381, ISO/IEC 14496-15 (avcC), rule "CODECS lists every format" of
draft-pantos-hls-rfc8216bis-22, section 4.4.6.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from monitoring.probe_segment import TrackFacts

__all__ = ["avc_string", "codec_faults"]

_FAMILIES: Final = {
    "avc1": "h264",
    "avc3": "h264",
    "hvc1": "hevc",
    "hev1": "hevc",
    "dvh1": "hevc",
    "av01": "av1",
    "vp09": "vp9",
    "ac-3": "ac3",
    "ec-3": "eac3",
    "opus": "opus",
    "flac": "flac",
    "alac": "alac",
    "mp3": "mp3",
}
"""Names that a playlist may use, and what FFmpeg calls the codec."""

_LEVEL_AT: Final = 3
_PARAMETER_SET: Final = 7
"""nal_unit_type of a sequence parameter set."""

_AVC_LENGTH: Final = len("avc1.PPCCLL")
_IGNORED: Final = ("stpp", "wvtt", "dvhe", "lhe1", "lvc1")
_MP3: Final = ("mp4a.40.34", "mp4a.6b", "mp4a.69")
_SBR: Final = ("mp4a.40.5", "mp4a.40.29")


def avc_string(extradata: bytes) -> str | None:
    """Return ``avc1.PPCCLL`` from an avcC record or from parameter sets with start codes."""
    if extradata[:1] == b"\x01" and len(extradata) > _LEVEL_AT:
        return f"avc1.{extradata[1:4].hex()}"
    at = 0
    while (at := extradata.find(b"\x00\x00\x01", at)) >= 0:
        unit = extradata[at + 3 : at + 7]
        if len(unit) > _LEVEL_AT and unit[0] & 0x1F == _PARAMETER_SET:
            return f"avc1.{unit[1:4].hex()}"
        at += 3
    return None


def codec_faults(declared: Sequence[str], tracks: Sequence[TrackFacts]) -> list[str]:
    """Return how the tracks differ from CODECS, in words.

    Args:
        declared: The list in CODECS; empty where there is none, which is no fault here.
        tracks: Of every rendition that the variant plays together.
    """
    known = {code: _family(code) for code in declared if not code.lower().startswith(_IGNORED)}
    if not declared:
        return []
    faults: list[str] = []
    present = {track.codec for track in tracks}
    for code, family in known.items():
        if family is not None and family not in present:
            faults.append(f"CODECS names {code}, and the media are {', '.join(sorted(present))}")
    families = set(known.values())
    for track in tracks:
        if track.codec not in families and None not in families:
            faults.append(f"the media hold {track.codec}, which CODECS leaves out")
            continue
        codes = [code for code, family in known.items() if family == track.codec]
        if track.codec_string is not None and codes:
            faults += _closer(codes[0], track)
    return list(dict.fromkeys(faults))


def _family(code: str) -> str | None:
    lower = code.lower()
    if lower in _MP3:
        return "mp3"
    head = lower.partition(".")[0]
    return "aac" if head == "mp4a" else _FAMILIES.get(head)


def _closer(code: str, track: TrackFacts) -> list[str]:
    real = track.codec_string or ""
    if track.codec == "h264" and len(code) == len(real) == _AVC_LENGTH:
        # The middle two digits are constraint flags, which encoders and muxers write as they like.
        same_profile = code[5:7].lower() == real[5:7].lower()
        enough = int(code[9:11], 16) >= int(real[9:11], 16) if _is_hex(code[9:11]) else False
        if not (same_profile and enough):
            return [f"CODECS says {code}, and the picture is {real}"]
    if track.codec == "aac" and (code in _SBR) != (real in _SBR):
        return [f"CODECS says {code}, and the sound is {real}"]
    return []


def _is_hex(text: str) -> bool:
    return all(sign in "0123456789abcdefABCDEF" for sign in text)

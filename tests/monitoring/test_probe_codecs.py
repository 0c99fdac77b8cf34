"""CODECS is compared with the media."""

from __future__ import annotations

import pytest

from monitoring.probe_codecs import avc_string, codec_faults
from tests.monitoring.probe_values import track

PICTURE = track("video", 0, codec_string="avc1.64001e")
SOUND = track("audio", 0, codec_string="mp4a.40.2")


def test_the_avc_string_is_read_from_both_forms_of_parameter_sets() -> None:
    assert avc_string(bytes.fromhex("0164001effe1")) == "avc1.64001e"
    assert avc_string(bytes.fromhex("0000000109f0 000000016742c01ed9")) == "avc1.42c01e"
    assert avc_string(b"") is None


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ((), None),
        (("avc1.64001e", "mp4a.40.2"), None),
        (("avc1.64081e", "mp4a.40.2"), None),  # constraint flags
        (("avc3.64001f", "mp4a.40.2"), None),  # a higher level asks for more than is needed
        (("avc1.64001e", "mp4a.40.2", "stpp.ttml.im1t"), None),
        (("xyz1.64001e", "mp4a.40.2"), None),  # a codec that the probe does not know
        (("avc1.42001e", "mp4a.40.2"), "says avc1.42001e, and the picture is avc1.64001e"),
        (("avc1.64001d", "mp4a.40.2"), "says avc1.64001d"),
        (("hvc1.1.6.L93.B0", "mp4a.40.2"), "names hvc1.1.6.L93.B0"),
        (("avc1.64001e",), "hold aac, which CODECS leaves out"),
        (("avc1.64001e", "mp4a.40.5"), "says mp4a.40.5, and the sound is mp4a.40.2"),
        (("avc1.64001e", "mp4a.40.34"), "names mp4a.40.34"),
    ],
)
def test_codecs_are_judged(declared: tuple[str, ...], fault: str | None) -> None:
    faults = codec_faults(declared, (PICTURE, SOUND))
    assert (faults == []) if fault is None else any(fault in one for one in faults), faults

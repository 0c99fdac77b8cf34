"""The door: every refusal looks the same, and a reload touches only what changed."""

from __future__ import annotations

import hashlib

import pytest
from prometheus_client import CollectorRegistry

from core.config import Settings, parse_settings
from core.errors import RefusedError
from core.timeline import UnixNs
from ingest.admission import Admission
from ingest.metrics import IngestMetrics

KEY = "correct horse battery"
HASHES = {
    ("hytv", "studio"): hashlib.sha256(KEY.encode()).digest(),
    ("hyfm", "mixer"): hashlib.sha256(b"other").digest(),
}
TEXT = """
[station]
name = "Đài"
[[channels]]
slug = "hytv"
name = "TV"
kind = "tv"
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "A"
[[channels]]
slug = "hyfm"
name = "FM"
kind = "radio"
[[channels.inputs]]
name = "mixer"
protocol = "icecast"
key_sha256_env = "B"
"""


def settings(text: str = TEXT) -> Settings:
    return parse_settings(text, name="test")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def admission(registry: CollectorRegistry) -> Admission:
    door = Admission(IngestMetrics(registry))
    door.configure(settings(), HASHES)
    return door


def test_the_right_key_opens_its_input_and_no_other(admission: Admission) -> None:
    assert admission.admit("hytv", "studio", KEY, protocol="rtmp").name == "studio"


@pytest.mark.parametrize(
    ("channel", "name", "key", "protocol"),
    [
        ("hytv", "studio", "wrong", "rtmp"),
        ("hytv", "studio", "", "rtmp"),
        ("hytv", "studio", KEY, "icecast"),
        ("hytv", "backup", KEY, "rtmp"),
        ("../hytv", "studio", KEY, "rtmp"),
        ("hyfm", "mixer", KEY, "icecast"),
        ("hytv", "studio", "\ud800", "rtmp"),
    ],
)
def test_every_refusal_says_the_same(
    admission: Admission, channel: str, name: str, key: str, protocol: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        admission.admit(channel, name, key, protocol=protocol)
    assert str(refused.value) == "no such input, or not its key"
    assert refused.value.code in {"auth_failed", "unknown_channel"}


def test_strangers_make_no_series(admission: Admission, registry: CollectorRegistry) -> None:
    for number in range(50):
        with pytest.raises(RefusedError):
            admission.admit(f"x{number}", "y", "z", protocol="rtmp")
    names = {
        sample.labels["channel"]
        for family in registry.collect()
        for sample in family.samples
        if "channel" in sample.labels
    }
    assert names == {"hytv", "hyfm", "unknown"}


def test_a_reload_ends_only_the_inputs_that_changed(admission: Admission) -> None:
    now = UnixNs(0)
    tv = admission.admit("hytv", "studio", KEY, protocol="rtmp").begin(None, now=now)
    fm = admission.admit("hyfm", "mixer", "other", protocol="icecast").begin(None, now=now)
    changed = HASHES | {("hyfm", "mixer"): hashlib.sha256(b"new").digest()}
    admission.configure(settings(TEXT.replace('name = "TV"', 'name = "Truyền hình"')), changed)
    assert tv.ended is None
    assert fm.ended == "kicked"
    assert admission.admit("hyfm", "mixer", "new", protocol="icecast").session is None
    with pytest.raises(RefusedError):
        admission.admit("hyfm", "mixer", "other", protocol="icecast")


def test_an_input_that_is_gone_leaves_the_metrics(
    admission: Admission, registry: CollectorRegistry
) -> None:
    tv = admission.admit("hytv", "studio", KEY, protocol="rtmp").begin(None, now=UnixNs(0))
    admission.configure(settings(TEXT.replace('"studio"', '"van"')), {("hytv", "van"): bytes(32)})
    assert tv.ended == "kicked"
    assert admission.relay("hytv", "studio") is None
    labels = {"channel": "hytv", "input": "studio"}
    assert registry.get_sample_value("lensong_input_bytes_total", labels) is None

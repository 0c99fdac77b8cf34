"""packager.metrics: the catalogue's names, at 0 from the start, and nothing for strangers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from core.publication import DiscontinuityDeclared, HoleDeclared, PartPublished, SegmentPublished
from core.timeline import PartAddress, UnixNs, end_of_part, end_of_segment
from packager.metrics import PackagerMetrics
from tests.cmaf_media import MSN

NAMES = {"234p", "a96"}


def new_metrics() -> tuple[PackagerMetrics, CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = PackagerMetrics(registry)
    metrics.add_channel("hytv", sorted(NAMES))
    return metrics, registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"lensong_packager_{name}", {"channel": "hytv"} | labels)


def test_every_family_exists_at_zero_for_a_configured_channel() -> None:
    _, registry = new_metrics()
    for name in ("segments_total", "parts_total", "gap_segments_total"):
        for rendition in NAMES:
            assert value(registry, name, rendition=rendition) == 0
    assert value(registry, "discontinuities_total") == 0
    assert value(registry, "misaligned_segments_total") == 0
    assert value(registry, "rejected_uploads_total", reason="auth") == 0
    assert value(registry, "segment_defects_total", encoder="a", defect="short") == 0
    assert value(registry, "publish_delay_seconds_count", unit="segment") == 0


def test_publications_are_counted_with_their_delay() -> None:
    metrics, registry = new_metrics()
    part = PartPublished(
        channel="hytv",
        rendition="a96",
        msn=MSN,
        part=5,
        header_hash="h",
        independent=True,
        data=b"",
    )
    segment = SegmentPublished(
        channel="hytv", rendition="a96", msn=MSN, header_hash="h", slate=False
    )
    now = UnixNs(end_of_part(PartAddress(MSN, 5)) + 100_000_000)
    metrics.published([part, segment], now=now)
    assert value(registry, "parts_total", rendition="a96") == 1
    assert value(registry, "segments_total", rendition="a96") == 1
    assert value(registry, "publish_delay_seconds_sum", unit="part") == 0.1
    assert value(registry, "last_segment_timestamp_seconds", rendition="a96") == (
        end_of_segment(MSN) / 1e9
    )


def test_a_hole_is_a_gap_in_every_rendition() -> None:
    metrics, registry = new_metrics()
    hole = HoleDeclared(channel="hytv", msn=MSN, reason="no a96")
    declared = DiscontinuityDeclared(channel="hytv", msn=MSN, sequence=1)
    metrics.published([hole, declared], now=UnixNs(0))
    assert [value(registry, "gap_segments_total", rendition=item) for item in NAMES] == [1, 1]
    assert value(registry, "discontinuities_total") == 1


def test_a_segment_off_the_grid_is_counted_once_for_all_renditions() -> None:
    metrics, registry = new_metrics()
    for msn in (MSN, MSN, MSN + 1):
        metrics.misaligned("hytv", msn)
    assert value(registry, "misaligned_segments_total") == 2


def test_an_unknown_channel_makes_no_label() -> None:
    metrics, registry = new_metrics()
    for number in range(100):
        metrics.rejected(f"guess-{number}", "auth")
    assert b"guess" not in generate_latest(registry)


def test_a_removed_channel_leaves_nothing() -> None:
    metrics, registry = new_metrics()
    metrics.remove_channel("hytv")
    metrics.spool_failed("hytv")
    assert b"hytv" not in generate_latest(registry)

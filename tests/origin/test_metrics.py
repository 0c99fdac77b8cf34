"""origin.metrics: how far playlists are behind the clock."""

from __future__ import annotations

from core.publication import SnapshotEnd
from core.timeline import UnixNs
from origin.metrics import LiveEdgeLag
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from tests.origin.broadcast import MSN, Broadcast, make_settings


def test_the_lag_is_measured_from_the_end_of_the_newest_part() -> None:
    settings = make_settings()
    preparation = Preparation(ResponseTable(max_held=1), settings.channels)
    broadcast = Broadcast(settings.channels[1])
    for fact in (*broadcast.headers(), *broadcast.live(MSN, range(2)), SnapshotEnd()):
        preparation.apply(fact, stored_ns=0)
    # Segment 467500000 begins at 1795200000 s, its second part ends 1.28 s later.
    (family,) = LiveEdgeLag(preparation, lambda: UnixNs(1_795_200_002_000_000_000)).collect()
    (sample,) = family.samples
    assert sample.labels == {"channel": "hyfm"}
    assert round(sample.value, 6) == 0.72

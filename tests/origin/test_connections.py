"""origin.connections: how many may come, and when a silent one is closed."""

from __future__ import annotations

import pytest

from origin.connections import Connections, Limits, Watch, client_of

LIMITS = Limits(header_s=8, idle_s=60, first_s=12, stalled_s=20, per_client=2, total=4)


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        (("203.0.113.9", 5000), "203.0.113.9"),
        (("2001:db8:1:2:3:4:5:6", 5000, 0, 0), "2001:db8:1:2::"),
        (("::ffff:203.0.113.9", 5000, 0, 0), "203.0.113.9"),
        (("fe80::1%eth0", 5000, 0, 2), "fe80::"),
        (("::1", 5000, 0, 0), "::"),
        (("nonsense", 1), ""),
        ("", ""),
        (None, ""),
    ],
)
def test_whom_a_connection_counts_for(peer: object, client: str) -> None:
    """An IPv6 household counts as one."""
    assert client_of(peer) == client


def test_one_client_does_not_keep_others_out() -> None:
    """Its own limit is reached first."""
    connections = Connections(LIMITS)
    assert [connections.admit("203.0.113.9") for _ in range(3)] == [True, True, False]
    assert connections.admit("203.0.113.10")
    connections.leave("203.0.113.9")
    assert connections.admit("203.0.113.9")
    assert connections.rejected["per_client"] == 1


def test_an_edge_on_this_host_has_no_limit_of_its_own() -> None:
    """It carries everybody; the total holds for it too."""
    connections = Connections(LIMITS)
    assert [connections.admit("127.0.0.1") for _ in range(5)] == [True] * 4 + [False]
    assert connections.rejected["total"] == 1
    assert connections.total == 4


def test_a_header_must_be_whole_in_time() -> None:
    """Bytes that trickle in move nothing."""
    watch = Watch(0.0)
    seen = [
        watch.look(state="reading", answers=0, waiting_bytes=0, now_s=now, limits=LIMITS)
        for now in (0.5, 4.0, 8.0, 8.5)
    ]
    assert seen == [None, None, None, "header_timeout"]


def test_a_new_connection_may_not_be_silent_for_long() -> None:
    """One that has carried a request may."""
    watch = Watch(0.0)
    assert watch.look(state="idle", answers=0, waiting_bytes=0, now_s=11.9, limits=LIMITS) is None
    assert (
        watch.look(state="idle", answers=0, waiting_bytes=0, now_s=12, limits=LIMITS)
        == "header_timeout"
    )
    watch = Watch(0.0)
    assert watch.look(state="idle", answers=1, waiting_bytes=0, now_s=12, limits=LIMITS) is None
    assert watch.look(state="idle", answers=1, waiting_bytes=0, now_s=71, limits=LIMITS) is None
    assert watch.look(state="idle", answers=1, waiting_bytes=0, now_s=72, limits=LIMITS) == "idle"


def test_a_reader_must_take_something() -> None:
    """A slow one that takes a little stays; one that takes nothing goes."""
    watch = Watch(0.0)
    for now, waiting, expected in (
        (1.0, 500, None),
        (20.0, 400, None),
        (39.0, 399, None),
        (58.9, 399, None),
        (59.0, 399, "slow_reader"),
    ):
        assert (
            watch.look(state="sending", answers=1, waiting_bytes=waiting, now_s=now, limits=LIMITS)
            == expected
        )


def test_a_held_request_has_a_deadline_of_its_own() -> None:
    """It is not closed from here."""
    watch = Watch(0.0)
    for now in (1.0, 100.0, 1000.0):
        assert (
            watch.look(state="held", answers=1, waiting_bytes=0, now_s=now, limits=LIMITS) is None
        )


def test_the_families_are_there_from_the_start() -> None:
    """Every state and every reason, at zero."""
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in Connections(LIMITS).collect()
        for sample in family.samples
    }
    assert samples == {
        ("lensong_origin_connections", "idle"): 0,
        ("lensong_origin_connections", "reading"): 0,
        ("lensong_origin_connections", "held"): 0,
        ("lensong_origin_connections", "sending"): 0,
        ("lensong_origin_connections_rejected_total", "header_timeout"): 0,
        ("lensong_origin_connections_rejected_total", "per_client"): 0,
        ("lensong_origin_connections_rejected_total", "total"): 0,
        ("lensong_origin_connections_rejected_total", "slow_reader"): 0,
    }

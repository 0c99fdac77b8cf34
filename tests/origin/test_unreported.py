"""origin.unreported: who watches and does not report; each moment is an argument."""

from __future__ import annotations

from collections.abc import Iterator

from origin.unreported import ALIVE_MS, REPORTED_MS, SALT_MS, Unreported


class Watched:
    """The table under test, with salts that are known."""

    def __init__(self, *, limit: int = 1_000) -> None:
        self._salts: Iterator[bytes] = (bytes([number]) * 32 for number in range(9))
        self.table = Unreported(lambda: next(self._salts), limit=limit)
        self.table.configure(("hytv", "hyfm"))

    def ask(self, at_ms: int, *viewers: str, channel: str = "hytv") -> None:
        """Let viewers, each ``address agent``, ask for a playlist."""
        for viewer in viewers:
            address, _, agent = viewer.partition(" ")
            self.table.ask(channel, self.table.key(address, agent, at_ms), at_ms)

    def count(self, at_ms: int, channel: str = "hytv") -> int:
        """Return how many watch."""
        return self.table.count(at_ms)[channel]


def test_counts_players_by_address_and_agent_for_three_target_durations() -> None:
    watched = Watched()
    watched.ask(0, "10.0.0.1 VLC", "10.0.0.1 VLC", "10.0.0.2 VLC", "10.0.0.1 Tizen")
    assert watched.count(1) == 3
    assert watched.count(1, "hyfm") == 0
    watched.ask(5_000, "10.0.0.2 VLC")
    assert watched.count(ALIVE_MS - 1) == 3
    assert watched.count(ALIVE_MS) == 1
    assert watched.count(5_000 + ALIVE_MS) == 0


def test_who_watches_two_channels_watches_both() -> None:
    watched = Watched()
    watched.ask(0, "10.0.0.1 VLC")
    watched.ask(0, "10.0.0.1 VLC", channel="hyfm")
    watched.ask(0, "10.0.0.1 VLC", channel="never-was")
    assert watched.table.count(1) == {"hytv": 1, "hyfm": 1}


def test_who_reports_is_not_counted_until_he_is_silent() -> None:
    watched = Watched()
    watched.ask(0, "10.0.0.1 Firefox", "10.0.0.2 VLC")
    watched.table.report(watched.table.key("10.0.0.1", "Firefox", 10), 10)
    assert watched.count(20) == 1
    watched.ask(REPORTED_MS, "10.0.0.1 Firefox")
    assert watched.count(REPORTED_MS) == 0
    assert watched.count(REPORTED_MS + 10) == 1


def test_a_key_tells_nothing_and_changes_with_the_salt() -> None:
    watched = Watched()
    key = watched.table.key("10.0.0.1", "VLC", 0)
    assert len(key) == 16
    assert key == watched.table.key("10.0.0.1", "VLC", SALT_MS - 1)
    epoch = watched.table.epoch
    assert key != watched.table.key("10.0.0.1", "VLC", SALT_MS)
    assert watched.table.epoch != epoch


def test_the_number_stays_while_the_salt_changes() -> None:
    watched = Watched()
    watched.ask(0, "10.0.0.9 x")
    for at_ms in range(SALT_MS - 8_000, SALT_MS + 100_000, 4_000):
        watched.ask(at_ms, "10.0.0.1 VLC", "10.0.0.2 VLC")
        watched.ask(at_ms, "10.0.0.3 Firefox")
        if at_ms % 32_000 == (SALT_MS - 8_000) % 32_000:
            watched.table.report(watched.table.key("10.0.0.3", "Firefox", at_ms), at_ms)
        assert watched.count(at_ms + 1) == 2, at_ms - SALT_MS


def test_a_flood_of_names_is_bounded_and_passes() -> None:
    watched = Watched(limit=100)
    watched.ask(0, *(f"10.0.{number}.1 VLC" for number in range(250)))
    assert watched.count(1) == 100
    watched.ask(ALIVE_MS + 1, "10.9.9.9 VLC")
    assert watched.count(ALIVE_MS + 2) == 1


def test_a_channel_that_is_not_counted_any_more_has_no_number() -> None:
    watched = Watched()
    watched.ask(0, "10.0.0.1 VLC")
    watched.table.configure(("hyfm",))
    assert watched.table.count(1) == {"hyfm": 0}
    watched.ask(2, "10.0.0.1 VLC")
    watched.table.configure(("hytv", "hyfm"))
    assert watched.count(3) == 0

"""Viewings, put together from players' reports: what each came to, added to the counts.  Sans-I/O.

A session is known by its random ``sid`` for as long as it reports, in memory alone, and leaves only
sums behind.  States and words are those of CMCD version 2 and CTA-2066:

* it *starts* with the first ``p``; the start-up time is ``msd``, or else from ``s`` to ``p``
* a *stall* is ``r`` after the start, its length ``bsd``, or else the time in ``r``
* *watched* is the time in s, p, r, k and w; not what is paused
* it *ends* with e, q or f, or after 90 s of silence, as exactly one of: start_failure (f before p),
  playback_failure (f after p), played, ebvs (left before p; below 1 s it is no session at all)

Reports are what strangers say.  Times come from differences of their clock, and what a session may
claim in all is bounded by our clock: the time since its first report, and two minutes before it.

Players that tell it with their requests (``origin.qoe_requests``) have sessions of the same table.
One may send events too, so what its requests come to is held back for 40 s, and is thrown
away when its sid sends events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal

from core.cmcd import Asked, Report
from origin.audience_minutes import Cell, Device, PlaceCell
from origin.qoe_counts import OTHER_CODE, ChannelCounts, Kind, Outcome, QoeCounts
from origin.qoe_requests import Requested, Requests, Told

__all__ = ["Newcomers", "Sessions"]

SILENCE_MS: Final = 90_000
"""After so long without a report a session is over."""

CONCURRENT_MS: Final = 60_000
LONG_PAUSE_MS: Final = 300_000
"""Who pauses for longer does not watch."""

MAX_SESSIONS: Final = 200_000
NEW_A_MINUTE: Final = 20
"""Sessions that one client address may begin in a minute."""

HELD_MS: Final = 40_000
"""For so long is held back what requests come to: events tell each half minute at the latest."""

_MAX_HELD: Final = 20_000
"""Sessions held back at a time; those beyond are counted at once."""

_BEFORE_MS: Final = 120_000
"""How long before its first report a session may have begun."""

_SHORT_MS: Final = 1_000
_WAIT_FOR_MSD_MS: Final = 30_000
_SWEPT_A_TURN: Final = 100
_MAX_CLIENTS: Final = 100_000
_WATCHING: Final = frozenset("sprkw")
_LAST: Final = frozenset("efq")


@dataclass(slots=True)
class _Session:
    """One viewing; ``*_ts_ms`` are of its own clock, the other times of ours, in milliseconds."""

    channel: str
    first_seen_ms: int
    seen_ms: int
    first_ts_ms: int
    ts_ms: int
    kind: Kind
    began_as: Kind
    counts: ChannelCounts
    """What it adds to: its channel's, or counts of its own while they are held back."""

    device: Device = "other"
    province: str = ""
    requests: Requests | None = None
    """Of a session that is known by its requests alone."""

    is_held: bool = False
    state: str = ""
    number: int = -1
    bitrate_kbps: int = 0
    rendition: str = ""
    start_ts_ms: int | None = None
    """When ``s`` was told first."""

    startup_ms: int | None = None
    """Told or reckoned, and not yet counted."""

    startup_told: bool = False
    startup_counted: bool = False
    started_ts_ms: int | None = None
    """When ``p`` was told first."""

    stall_ms: int | None = None
    """What was counted of the newest stall, until ``bsd`` tells its length."""

    paused_ms: int | None = None
    watched_ms: int = 0
    stalled_ms: int = 0
    events: int = 0
    """Stalls, errors and latencies that were counted."""

    ended: bool = False

    def wall_ms(self) -> int:
        """Return the longest that it can have lasted."""
        return self.seen_ms - self.first_seen_ms + _BEFORE_MS

    def may_count(self) -> bool:
        """Admit one more event: one for each second is more than any viewer sees."""
        self.events += 1
        return self.events <= self.wall_ms() // 1000


class Newcomers:
    """Who began how many sessions in this minute.

    Of an address only a hash is held, with a salt of this process, until the minute is over.
    """

    def __init__(self, salt: bytes, *, limit: int = NEW_A_MINUTE) -> None:
        """Begin with nobody; ``salt`` is at most 64 random bytes."""
        self._salt, self._limit = salt, limit
        self._minute = -1
        self._counts: dict[bytes, int] = {}

    def admit(self, client: str, number: int, now_ms: int) -> bool:
        """Count ``number`` new sessions of a client; False, and uncounted, if they are too many."""
        minute = now_ms // 60_000
        if minute != self._minute or len(self._counts) > _MAX_CLIENTS:
            self._minute, self._counts = minute, {}
        key = blake2b(client.encode(), digest_size=16, key=self._salt).digest()
        count = self._counts.get(key, 0) + number
        if count > self._limit:
            return False
        self._counts[key] = count
        return True


class Sessions:
    """All sessions of one origin."""

    def __init__(self, counts: QoeCounts, *, limit: int = MAX_SESSIONS) -> None:
        """Begin with none.

        Args:
            counts: What they add to.
            limit: How many are known at a time; the one silent for longest makes room.
        """
        self._counts, self._limit = counts, limit
        self._held = 0
        self._sessions: dict[tuple[str, str], _Session] = {}
        """By sid and channel, the one that reported last at the end."""

    def __len__(self) -> int:
        """Return how many are known, those that ended lately included."""
        return len(self._sessions)

    def count_new(self, reports: Iterable[Report]) -> int:
        """Return how many sessions these reports would begin."""
        found = {(one.session, one.content) for one in reports}
        return sum(1 for key in found if key not in self._sessions)

    def receive(
        self,
        reports: Iterable[Report],
        now_ms: int,
        *,
        device: Device = "other",
        province: str = "",
    ) -> None:
        """Take the reports of one body.

        Args:
            reports: In their order.
            now_ms: Our clock, which never steps, in milliseconds.
            device: What they come from.
            province: Where that is; empty when not known.
        """
        self.sweep(now_ms)
        for report in reports:
            self._counts.results[self._receive(report, now_ms, device, province)] += 1

    def has(self, session: str, channel: str) -> bool:
        """Tell whether a session is known."""
        return (session, channel) in self._sessions

    def ask(
        self,
        asked: Asked,
        wanted: Requested,
        now_ms: int,
        *,
        device: Device = "other",
        province: str = "",
    ) -> Literal["accepted", "duplicate", "invalid"]:
        """Take what came with one request.

        Args:
            asked: What the player told.
            wanted: What it asked for.
            now_ms: Our clock, which never steps, in milliseconds.
            device: What it comes from.
            province: Where that is; empty when not known.

        Returns:
            ``duplicate`` for a session that sends events, which tell the same and more.
        """
        self.sweep(now_ms)
        counts = self._counts.channels.get(wanted.channel)
        if counts is None:
            return "invalid"
        key = (asked.session, wanted.channel)
        session = self._sessions.get(key)
        if session is not None and now_ms - session.seen_ms >= SILENCE_MS:
            self._forget(key)
            session = None
        if session is not None and session.requests is None:
            return "duplicate"
        known = None if session is None else session.kind
        requests = Requests(now_ms) if session is None else session.requests
        assert requests is not None  # noqa: S101 - said to mypy: see above
        told = requests.read(asked, wanted, known, now_ms)
        if session is None:
            if told.report is None:
                return "invalid"
            session = self._begin(told.report, counts, now_ms, device, province)
            session.requests = requests
            self._hold_back(session)
        else:
            del self._sessions[key]
        self._sessions[key] = session
        session.seen_ms = now_ms
        if not session.ended:
            self._take_request(session, told, now_ms)
        return "accepted"

    def _take_request(self, session: _Session, told: Told, now_ms: int) -> None:
        if session.is_held and now_ms - session.first_seen_ms >= HELD_MS:
            self._release(session)
        if told.is_paused and session.paused_ms is None:
            session.paused_ms = now_ms
        if told.report is not None:
            still_ms = min(told.stalled_ms, told.passed_ms)
            _stand_still(session, still_ms)
            session.ts_ms = now_ms - told.passed_ms + still_ms
            session.paused_ms = session.paused_ms if session.state == "a" else None
            _take(session, told.report, session.counts)
            if not session.startup_told:
                session.startup_ms = None  # requests do not tell when it started, but msd
        if told.stalls and session.may_count():
            session.counts.stalls += told.stalls
        if told.stalled_ms:
            _add_stalled(session, told.stalled_ms, session.counts)
        if session.state in _LAST:
            self._finish(session)

    def _hold_back(self, session: _Session) -> None:
        if self._held < _MAX_HELD:
            self._held += 1
            session.is_held, session.counts = True, session.counts.aside()

    def _release(self, session: _Session) -> None:
        """Count what was held back."""
        aside, session.counts = session.counts, self._counts.channels[session.channel]
        session.counts.add(aside)
        self._let_go(session)

    def _let_go(self, session: _Session) -> None:
        self._held -= session.is_held
        session.is_held = False

    def stop(self, channel: str) -> None:
        """End every session of a channel now, and count what it came to."""
        for key in [key for key in self._sessions if key[1] == channel]:
            self._forget(key)

    def sweep(self, now_ms: int, *, most: int = _SWEPT_A_TURN) -> None:
        """End sessions that have been silent for too long, so many at a time."""
        for _ in range(most):
            first = next(iter(self._sessions.items()), None)
            if first is None or now_ms - first[1].seen_ms < SILENCE_MS:
                return
            self._forget(first[0])

    def watching(self, now_ms: int) -> dict[tuple[str, str], int]:
        """Count who watches, by channel and kind."""
        found: dict[tuple[str, str], int] = {}
        for session in self._present(now_ms):
            key = (session.channel, session.kind)
            found[key] = found.get(key, 0) + 1
        return found

    def audience(self, now_ms: int) -> dict[Cell, int]:
        """Count who watches in more detail; a rendition that is none of ours is not known."""
        found: dict[Cell, int] = {}
        for session in self._present(now_ms):
            ours = self._counts.channels[session.channel].rendition_ms
            rendition = session.rendition if session.rendition in ours else ""
            cell = Cell(session.channel, session.kind, rendition, session.device)
            found[cell] = found.get(cell, 0) + 1
        return found

    def places(self, now_ms: int) -> dict[PlaceCell, int]:
        """Count who watches from where, as far as it is known."""
        found: dict[PlaceCell, int] = {}
        for session in self._present(now_ms):
            if session.province:
                cell = PlaceCell(session.channel, session.kind, session.province)
                found[cell] = found.get(cell, 0) + 1
        return found

    def _present(self, now_ms: int) -> Iterator[_Session]:
        for session in reversed(self._sessions.values()):
            if now_ms - session.seen_ms >= CONCURRENT_MS:
                return
            paused_ms = session.paused_ms
            if not session.ended and (paused_ms is None or now_ms - paused_ms < LONG_PAUSE_MS):
                yield session

    def _receive(
        self, report: Report, now_ms: int, device: Device, province: str
    ) -> Literal["accepted", "duplicate", "invalid"]:
        counts = self._counts.channels.get(report.content)
        if counts is None:
            return "invalid"
        key = (report.session, report.content)
        session = self._sessions.pop(key, None)
        if session is not None and now_ms - session.seen_ms >= SILENCE_MS:
            self._finish(session)
            session = None
        if session is not None and session.requests is not None:
            session = self._turn_to_events(session, report)
        if session is None:
            session = self._begin(report, counts, now_ms, device, province)
        self._sessions[key] = session
        if report.number is not None:
            if report.number <= session.number:
                return "duplicate"  # sent again, since its answer was lost
            session.number = report.number
        session.seen_ms = now_ms
        if not session.ended:
            _take(session, report, counts)
            if session.state in _LAST:
                self._finish(session)
        return "accepted"

    def _begin(
        self,
        report: Report,
        counts: ChannelCounts,
        now_ms: int,
        device: Device,
        province: str,
    ) -> _Session:
        """Make a session, and room for it."""
        while len(self._sessions) >= self._limit:
            self._forget(next(iter(self._sessions)))
        kind = _kind_of(report, counts, None)
        return _Session(
            channel=report.content,
            first_seen_ms=now_ms,
            seen_ms=now_ms,
            first_ts_ms=report.ts_ms,
            ts_ms=report.ts_ms,
            kind=kind,
            began_as=kind,
            counts=counts,
            device=device,
            province=province,
        )

    def _turn_to_events(self, session: _Session, report: Report) -> _Session | None:
        """Let a session that was known by its requests be told by events from now on.

        Returns:
            None, if nothing of it was counted yet: it begins anew.
        """
        if session.is_held:
            self._let_go(session)
            return None
        session.requests = None
        session.ts_ms = report.ts_ms
        return session

    def _forget(self, key: tuple[str, str]) -> None:
        self._finish(self._sessions.pop(key))

    def _finish(self, session: _Session) -> None:
        """Count what a session came to, once."""
        if session.ended:
            return
        session.ended = True
        if session.requests is not None:
            if session.state == "p":
                _let_pass(session, session.requests.tail_ms(), session.counts)
            if session.is_held:
                self._release(session)
        counts = session.counts
        if session.started_ts_ms is not None:
            _count_startup(session, counts)
            outcome: Outcome = "playback_failure" if session.state == "f" else "played"
        elif session.state == "f":
            outcome = "start_failure"
        elif session.start_ts_ms is None:
            return  # nobody tried to start: an error of the page's was told
        elif (
            session.state in _LAST or session.requests is not None
        ) and session.ts_ms - session.first_ts_ms < _SHORT_MS:
            return  # requests do not tell when a viewer leaves
        else:
            outcome = "ebvs"
        counts.sessions[session.began_as, outcome] += 1


def _take(session: _Session, report: Report, counts: ChannelCounts) -> None:
    _let_pass(session, report.ts_ms - session.ts_ms, counts)
    session.ts_ms = max(session.ts_ms, report.ts_ms)
    session.kind = _kind_of(report, counts, session.kind)
    if report.bitrate_kbps is not None:
        session.bitrate_kbps = report.bitrate_kbps
    if report.rendition is not None:
        session.rendition = report.rendition
    if report.state is not None and report.state != session.state:
        _change(session, report.state, counts)
    _take_startup(session, report, counts)
    if report.stalled_ms is not None:
        _take_stall(session, report.stalled_ms, counts)
    is_live = session.kind in {"live", "radio"} and session.state == "p"
    if report.latency_ms is not None and is_live and session.may_count():
        counts.latency.observe(report.latency_ms * 1_000_000)
    for code in report.errors if report.event == "e" else ():
        if session.may_count():
            counts.errors[code if code in counts.errors else OTHER_CODE] += 1


def _take_startup(session: _Session, report: Report, counts: ChannelCounts) -> None:
    if report.startup_ms is not None and not session.startup_told:
        session.startup_ms, session.startup_told = report.startup_ms, True
    started_ts_ms = session.started_ts_ms
    if started_ts_ms is not None and (
        session.startup_told or session.ts_ms - started_ts_ms >= _WAIT_FOR_MSD_MS
    ):
        _count_startup(session, counts)


def _stand_still(session: _Session, passed_ms: int) -> None:
    """Count time that was watched and in which nothing was played, whatever the state says."""
    state = session.state
    session.state = "w" if state == "p" else state
    _let_pass(session, passed_ms, session.counts)
    session.state = state


def _let_pass(session: _Session, passed_ms: int, counts: ChannelCounts) -> None:
    """Count the time since the report before, in the state that it told."""
    if session.state not in _WATCHING:
        return
    passed_ms = min(max(0, passed_ms), session.wall_ms() - session.watched_ms)
    session.watched_ms += passed_ms
    counts.watched_ms[session.kind] += passed_ms
    if session.state == "r" and session.stall_ms is not None:
        session.stall_ms += passed_ms
        _add_stalled(session, passed_ms, counts)
    elif session.state == "p":
        counts.played_bytes += session.bitrate_kbps * passed_ms // 8
        if session.rendition in counts.rendition_ms:
            counts.rendition_ms[session.rendition] += passed_ms


def _change(session: _Session, state: str, counts: ChannelCounts) -> None:
    session.paused_ms = session.seen_ms if state == "a" else None
    if state == "s" and session.start_ts_ms is None:
        session.start_ts_ms = session.ts_ms
    elif state == "p" and session.started_ts_ms is None:
        session.started_ts_ms = session.ts_ms
        if not session.startup_told and session.start_ts_ms is not None:
            session.startup_ms = min(session.ts_ms - session.start_ts_ms, _BEFORE_MS)
    elif state == "r" and session.started_ts_ms is not None:
        session.stall_ms = 0  # a player says r neither while it starts nor while it seeks
        if session.may_count():
            counts.stalls += 1
    session.state = state


def _take_stall(session: _Session, told_ms: int, counts: ChannelCounts) -> None:
    """Believe the length that the player measured, if it is more than the reports' times say."""
    if session.started_ts_ms is None:
        return
    if session.stall_ms is None:  # a player that tells stalls only when they are over
        if session.may_count():
            counts.stalls += 1
        _add_stalled(session, told_ms, counts)
    else:
        _add_stalled(session, told_ms - session.stall_ms, counts)
        session.stall_ms = None


def _add_stalled(session: _Session, more_ms: int, counts: ChannelCounts) -> None:
    more_ms = min(max(0, more_ms), session.wall_ms() - session.stalled_ms)
    session.stalled_ms += more_ms
    counts.stalled_ms += more_ms


def _count_startup(session: _Session, counts: ChannelCounts) -> None:
    if session.startup_ms is not None and not session.startup_counted:
        session.startup_counted = True
        counts.startup.observe(session.startup_ms * 1_000_000)


def _kind_of(report: Report, counts: ChannelCounts, known: Kind | None) -> Kind:
    match report.kind:
        case "dvr":
            return "dvr"
        case "catchup":
            return "catchup"
        case "live":
            pass
        case _ if report.stream_type == "v":
            return "catchup"
        case _ if report.stream_type is None and known is not None:
            return known
    return "radio" if counts.is_radio else "live"

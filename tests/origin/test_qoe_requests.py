"""origin.qoe_requests: what a viewing's requests come to, beside and instead of events."""

from __future__ import annotations

import pytest

from core.cmcd import Asked, Report, parse_reports, parse_request
from origin.http import locate
from origin.qoe_counts import ChannelCounts
from origin.qoe_requests import requested
from origin.qoe_sessions import Sessions
from tests.origin.test_qoe_sessions import Station

SEGMENT = "/media/hytv/360p/5.m4s"
SOUND = "/media/hytv/a96/5.m4s"
PLAYLIST = "/live/hytv/360p/index.m3u8"
REWIND = "dvr"


class Watched(Station):
    """The machine under test, told of requests as players make them."""

    def ask(self, at_s: float, path: str, members: str = "", *, sid: str = "a") -> str:
        """Let one request come at a second; return what became of it."""
        self.now_ms = round(at_s * 1000)
        asked = parse_request(f'sid="{sid}"{"," if members else ""}{members}')
        assert isinstance(asked, Asked), members
        handler = path if path == REWIND else locate(path).handler
        wanted = requested(handler, "hytv", path.encode())
        assert wanted is not None
        is_sound = wanted.rendition in self.counts.channels["hytv"].sound
        return self.sessions.ask(asked, wanted._replace(is_sound=is_sound), self.now_ms)

    def start(self, *, sid: str = "a") -> None:
        """Begin at second 0 and play at second 2."""
        self.ask(0, "/live/hytv/index.m3u8", "ot=m,su", sid=sid)
        self.ask(0.2, PLAYLIST, "ot=m,su", sid=sid)
        self.ask(0.5, SEGMENT, "bl=0,d=3840,ot=v,su", sid=sid)
        self.ask(2, SEGMENT, "bl=12000,br=800,d=3840,ot=v", sid=sid)

    def play(self, begin_s: int, end_s: int, members: str = "", *, sid: str = "a") -> None:
        """Go on for seconds, with a segment every fourth."""
        for at_s in range(begin_s, end_s + 1, 4):
            self.ask(at_s, SEGMENT, f"bl=12000,br=800,d=4000,ot=v{members}", sid=sid)

    def end(self) -> None:
        """Let the silence after the last request become long."""
        self.now_ms += 95_000
        self.sessions.sweep(self.now_ms)

    @property
    def hytv(self) -> ChannelCounts:
        """What was counted of the channel."""
        return self.counts.channels["hytv"]


def test_a_viewing_of_version_1_from_its_start_to_its_silence() -> None:
    watched = Watched()
    watched.start()
    watched.play(6, 66)
    assert watched.value("concurrent_sessions", kind="live") == 1
    assert watched.outcomes() == {}
    watched.end()
    assert watched.outcomes() == {"live played": 1}
    # 66 s until the last request, and two of the four to the next.
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(68.0)
    assert watched.value("rendition_seconds_total", rendition="360p") == pytest.approx(66.0)
    assert watched.value("played_bytes_total") == pytest.approx(66 * 100_000)
    assert watched.value("startup_seconds_count") == 0  # nobody told it
    assert watched.value("concurrent_sessions", kind="live") == 0


def test_what_requests_come_to_is_held_back_and_thrown_away_when_events_come() -> None:
    watched = Watched()
    watched.start()
    watched.play(6, 38)
    assert watched.value("concurrent_sessions", kind="live") == 1
    assert watched.hytv.watched_ms["live"] == 0
    watched.tell(39, "0 sta=p,sn=1")
    assert watched.ask(42, SEGMENT, "bl=12000,d=4000,ot=v") == "duplicate"
    assert watched.value("concurrent_sessions", kind="live") == 1
    watched.tell(69, "30 sta=q,sn=2")
    assert watched.outcomes() == {"live played": 1}
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(30.0)
    watched.end()
    assert watched.outcomes() == {"live played": 1}


def test_events_that_come_late_count_from_then_on() -> None:
    watched = Watched()
    watched.start()
    watched.play(6, 50)
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(50.0)
    watched.tell(52, "0 sta=p,sn=1")
    assert watched.ask(54, SEGMENT, "bl=12000,d=4000,ot=v") == "duplicate"
    watched.tell(62, "10 sta=q,sn=2")
    assert watched.outcomes() == {"live played": 1}
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(60.0)


def test_requests_of_a_session_that_sends_events_change_nothing() -> None:
    watched = Watched()
    watched.tell(0, "0 sta=s,sn=1", "1 sta=p,sn=2")
    for at_s in range(2, 80, 4):
        assert watched.ask(at_s, SEGMENT, "bs,bl=0,ot=v") == "duplicate"
    assert watched.value("stalls_total") == 0
    assert watched.value("concurrent_sessions", kind="live") == 0  # no event for a minute


@pytest.mark.parametrize("version", ["", ",v=2,sta=p"])
def test_a_stall_lasts_for_as_long_as_the_buffer_tells(version: str) -> None:
    watched = Watched()
    watched.start()
    watched.play(6, 50)
    # 4 s of media came, the buffer is 2 s shorter: of 9 s 6 were played.
    watched.ask(59, SEGMENT, f"bl=10000,d=4000,ot=v,bs,su{version}")
    assert watched.value("stalls_total") == 1
    assert watched.value("stall_seconds_total") == pytest.approx(3.0)
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(59.0)
    assert watched.value("rendition_seconds_total", rendition="360p") == pytest.approx(54.0)


def test_a_stall_that_the_player_timed_is_believed_and_counted_once() -> None:
    watched = Watched()
    watched.start()
    watched.play(6, 50, ",sta=p,v=2")
    watched.ask(54, PLAYLIST, "sta=r,v=2")
    watched.ask(55, SEGMENT, "bl=0,d=4000,ot=v,sta=r,bs,su,v=2")
    watched.ask(58, SEGMENT, "bl=3000,d=4000,ot=v,sta=p,bsd=(1700),v=2")
    watched.ask(62, SEGMENT, "bl=3000,d=4000,ot=v,sta=p,v=2")
    assert watched.value("stalls_total") == 1
    assert watched.value("stall_seconds_total") == pytest.approx(1.7)


def test_what_the_buffer_told_of_a_stall_is_not_added_to_what_the_player_timed() -> None:
    watched = Watched()
    watched.start()
    watched.play(6, 50, ",sta=p,v=2")
    # 2.5 of 5 seconds were not played so far.
    watched.ask(55, SEGMENT, "bl=13500,d=4000,ot=v,sta=r,bs,su,v=2")
    assert watched.value("stall_seconds_total") == pytest.approx(2.5)
    watched.ask(58, SEGMENT, "bl=15000,d=4000,ot=v,sta=p,bsd=3100,v=2")
    assert watched.value("stall_seconds_total") == pytest.approx(3.1)
    assert watched.value("stalls_total") == 1


def test_the_buffer_of_sound_is_not_compared_with_that_of_the_picture() -> None:
    watched = Watched()
    for at_s in range(0, 50, 4):
        watched.ask(at_s, SOUND, "bl=30000,d=4000,ot=a")
    watched.ask(51, SEGMENT, "bl=32000,d=4000,ot=v,bs")
    assert watched.value("stalls_total") == 1
    assert watched.value("stall_seconds_total") == 0


def test_a_player_without_a_word_of_its_buffer_stalls_as_long_as_its_state_says() -> None:
    watched = Watched()
    for at_s in range(0, 52, 4):
        watched.ask(at_s, SEGMENT, "sta=p,v=2")
    watched.ask(53, PLAYLIST, "sta=r,v=2")
    watched.ask(55, PLAYLIST, "sta=p,v=2")
    assert watched.value("stalls_total") == 1
    assert watched.value("stall_seconds_total") == pytest.approx(2.0)


def test_before_it_plays_nothing_is_a_stall() -> None:
    watched = Watched()
    watched.ask(0, PLAYLIST, "su,sta=s,v=2")
    for at_s in range(1, 60, 4):
        watched.ask(at_s, SEGMENT, "bs,su,sta=r,v=2,bl=0,d=4000")
    watched.end()
    assert watched.value("stalls_total") == 0
    assert watched.outcomes() == {"live ebvs": 1}


def test_a_pause_is_told_by_the_state_by_the_rate_and_by_the_buffer() -> None:
    for paused in ("sta=a,v=2", "pr=0"):
        watched = Watched()
        watched.start()
        watched.play(6, 50)
        watched.ask(51, PLAYLIST, paused)
        watched.ask(81, SEGMENT, "bl=12000,d=4000,ot=v,sta=p,v=2")
        assert watched.value("watched_seconds_total", kind="live") == pytest.approx(51.0)
    watched = Watched()
    watched.start()
    watched.play(6, 50)
    for at_s in range(51, 81, 4):
        watched.ask(at_s, PLAYLIST, "ot=m")
    watched.ask(81, SEGMENT, "bl=12000,d=4000,ot=v")  # four seconds of it were played
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(54.0)


def test_who_asks_for_playlists_alone_has_paused_and_after_five_minutes_is_gone() -> None:
    watched = Watched()
    watched.start()
    watched.play(6, 50)
    for at_s in range(51, 500, 4):
        watched.ask(at_s, PLAYLIST, "ot=m")
        gone = at_s > 400
        if gone or at_s < 380:
            assert watched.value("concurrent_sessions", kind="live") == (0 if gone else 1)
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(50.0)
    watched.ask(500, SEGMENT, "ot=v")
    assert watched.value("concurrent_sessions", kind="live") == 1


def test_start_up_and_latency_are_those_that_are_told() -> None:
    watched = Watched()
    watched.ask(0, PLAYLIST, "su,sta=s,v=2")
    watched.ask(2, SEGMENT, "msd=1100,ltc=7000,sta=p,v=2,bl=(3000;v 2000;a),br=(800;v)")
    watched.play(6, 61, ",sta=p,v=2,ltc=7000")
    watched.end()
    assert watched.value("startup_seconds_count") == 1
    assert watched.value("startup_seconds_sum") == pytest.approx(1.1)
    assert watched.value("live_latency_seconds_count") == 2  # once in half a minute


def test_sound_beside_a_picture_is_no_rendition_of_its_own() -> None:
    watched = Watched()
    watched.start()
    for at_s in range(6, 80, 4):
        watched.ask(at_s, SEGMENT, "bl=12000,br=800,d=4000,ot=v")
        watched.ask(at_s + 1, SOUND, "bl=12000,br=96,d=4000,ot=a")
    assert watched.value("rendition_seconds_total", rendition="a96") == 0
    assert watched.value("rendition_seconds_total", rendition="360p") > 60
    assert watched.value("played_bytes_total") > 60 * 100_000


def test_a_list_of_the_past_tells_the_kind_of_its_media() -> None:
    watched = Watched()
    watched.ask(0, REWIND, "su,st=l")
    watched.ask(1, SEGMENT, "su,st=l,ot=v")
    for at_s in range(2, 50, 4):
        watched.ask(at_s, SEGMENT, "st=l,ot=v")
    watched.end()
    assert watched.outcomes() == {"dvr played": 1}
    assert watched.value("watched_seconds_total", kind="live") == 0


def test_who_leaves_within_a_second_was_no_session() -> None:
    watched = Watched()
    watched.ask(0, PLAYLIST, "su")
    watched.ask(0.9, SEGMENT, "su")
    watched.end()
    assert watched.outcomes() == {}
    watched.ask(200, PLAYLIST, "su", sid="b")
    watched.ask(201.5, SEGMENT, "su", sid="b")
    watched.end()
    assert watched.outcomes() == {"live ebvs": 1}


def test_a_lie_costs_no_more_than_the_time_it_took() -> None:
    watched = Watched()
    watched.start()
    for at_s in range(6, 66):
        watched.ask(at_s, SEGMENT, "bs,bsd=120000,bl=0,d=1,sta=p,v=2")
    assert watched.value("stall_seconds_total") <= 66 + 120
    assert watched.value("stalls_total") <= 66 + 120


def test_two_channels_of_one_player_are_two_sessions() -> None:
    watched = Watched()
    watched.start()
    sessions: Sessions = watched.sessions
    asked = parse_request('sid="a",su')
    wanted = requested("media_playlist", "hyfm", b"/live/hyfm/a64/index.m3u8")
    assert isinstance(asked, Asked)
    assert wanted is not None
    assert sessions.ask(asked, wanted, 3_000) == "accepted"
    assert len(sessions) == 2
    assert sessions.watching(3_000) == {("hytv", "live"): 1, ("hyfm", "radio"): 1}


def test_a_channel_that_is_not_counted_any_more_ends_its_sessions() -> None:
    watched = Watched()
    watched.start()
    watched.tell(3, "0 sta=p", cid="hyfm", sid="b")
    watched.sessions.stop("hytv")
    assert watched.outcomes() == {"live played": 1}
    assert len(watched.sessions) == 1


def test_so_many_are_held_back_and_no_more() -> None:
    """Those beyond are counted at once."""
    watched = Watched()
    for number in range(20_001):
        watched.ask(0, SEGMENT, "ot=v", sid=f"s{number}")
    watched.ask(1, SEGMENT, "ot=v", sid="s20000")
    watched.ask(1, SEGMENT, "ot=v", sid="s0")
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(1.0)
    (report,) = parse_reports(b'cid="hytv",e=t,sid="s1",sta=p,ts=1,v=2')
    assert isinstance(report, Report)
    watched.sessions.receive([report], 1_000)
    watched.ask(2, SEGMENT, "ot=v", sid="more")  # there is room again
    watched.ask(3, SEGMENT, "ot=v", sid="more")
    assert watched.value("watched_seconds_total", kind="live") == pytest.approx(1.0)


def test_only_what_a_player_plays_is_a_viewing() -> None:
    assert requested("thumb", "hytv", b"/thumb/hytv/5.jpg") is None
    assert requested("header", "hytv", b"/media/hytv/360p/0123456789abcdef.mp4") is None
    wanted = requested("part", "hytv", b"/media/hytv/360p/5.1.m4s")
    assert wanted is not None
    assert (wanted.kind, wanted.rendition) == (None, "360p")

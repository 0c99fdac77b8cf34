"""transcoder.decision: which source is on air."""

from __future__ import annotations

import pytest

from core.guide import GuideSnapshot, Programme
from core.timeline import UnixNs
from transcoder.decision import (
    SLATE,
    Blackout,
    ContentFault,
    Decision,
    InputState,
    Rules,
    Stay,
    SwitchTo,
    blackouts_of,
    decide_source,
    is_blacked_out,
)

S = 1_000_000_000
NOW = 100 * S
RULES = Rules(return_after_ns=10 * S)


def studio(*, good_s: float | None, lost: bool = False) -> InputState:
    return _state("studio", good_s, lost=lost)


def backup(*, good_s: float | None, lost: bool = False) -> InputState:
    return _state("backup", good_s, lost=lost)


def dead(name: str, fault: ContentFault | None, *, good_s: float = 60) -> InputState:
    """Return an input that delivers, and whose content is flagged, or bad for ``fault``."""
    return InputState(
        name=name,
        good=True,
        good_since_ns=NOW - round(good_s * S),
        was_lost=False,
        fault=fault,
        alive=False,
        was_faulty=fault is not None,
        alive_since_ns=NOW,
    )


def revived(name: str, alive_s: float) -> InputState:
    """Return an input whose content was bad and is alive again."""
    since = NOW - round(alive_s * S)
    return InputState(
        name=name,
        good=True,
        good_since_ns=0,
        was_lost=False,
        was_faulty=True,
        alive_since_ns=since,
    )


def _state(name: str, good_s: float | None, *, lost: bool) -> InputState:
    since = 0 if good_s is None else NOW - round(good_s * S)
    return InputState(name=name, good=good_s is not None, good_since_ns=since, was_lost=lost)


@pytest.mark.parametrize(
    ("first", "second", "on_air", "take", "expected"),
    [
        pytest.param(
            studio(good_s=0.1), backup(good_s=None), SLATE, None,
            SwitchTo("studio", "recover"), id="first picture of the day: at once",
        ),
        pytest.param(
            studio(good_s=60), backup(good_s=60), "studio", None, Stay(), id="all is well"
        ),
        pytest.param(
            studio(good_s=None, lost=True), backup(good_s=60), "studio", None,
            SwitchTo("backup", "loss"), id="lost: the next good one",
        ),
        pytest.param(
            studio(good_s=9.9, lost=True), backup(good_s=60), "backup", None,
            Stay(), id="back for less than ten seconds: wait",
        ),
        pytest.param(
            studio(good_s=10, lost=True), backup(good_s=60), "backup", None,
            SwitchTo("studio", "recover"), id="back for ten seconds: return",
        ),
        pytest.param(
            studio(good_s=None, lost=True), backup(good_s=None, lost=True), "backup", None,
            SwitchTo(SLATE, "loss"), id="both gone: slate",
        ),
        pytest.param(
            studio(good_s=3, lost=True), backup(good_s=None, lost=True), "backup", None,
            SwitchTo("studio", "loss"), id="in need: steady for two seconds is enough",
        ),
        pytest.param(
            studio(good_s=0.5, lost=True), backup(good_s=None, lost=True), "backup", None,
            SwitchTo(SLATE, "loss"), id="in need: a flapping feed is not",
        ),
        pytest.param(
            studio(good_s=3, lost=True), backup(good_s=None, lost=True), SLATE, None,
            Stay(), id="from slate: ten seconds again",
        ),
        pytest.param(
            studio(good_s=60), backup(good_s=60), "studio", "backup",
            SwitchTo("backup", "operator"), id="the operator takes the backup",
        ),
        pytest.param(
            studio(good_s=60), backup(good_s=60), "backup", "backup",
            Stay(), id="a take holds against priority",
        ),
        pytest.param(
            studio(good_s=60), backup(good_s=None), "studio", "backup",
            Stay(), id="a take of what is not good waits",
        ),
        pytest.param(
            studio(good_s=60), backup(good_s=60), "studio", SLATE,
            SwitchTo(SLATE, "operator"), id="the operator takes the slate",
        ),
        pytest.param(
            studio(good_s=60), backup(good_s=60), SLATE, SLATE, Stay(), id="slate stays taken"
        ),
    ],
)  # fmt: skip
def test_decide_source(
    first: InputState, second: InputState, on_air: str, take: str | None, expected: Decision
) -> None:
    """Each row is one situation of an evening."""
    decision = decide_source([first, second], on_air=on_air, take=take, now_ns=NOW, rules=RULES)
    assert decision == expected


@pytest.mark.parametrize(
    ("first", "second", "on_air", "take", "expected"),
    [
        pytest.param(
            dead("studio", "black"), backup(good_s=60), "studio", None,
            SwitchTo("backup", "black"), id="black: the next good one",
        ),
        pytest.param(
            dead("studio", "freeze"), backup(good_s=60), "studio", None,
            SwitchTo("backup", "freeze"), id="frozen: the next good one",
        ),
        pytest.param(
            dead("studio", "silence"), backup(good_s=60), "studio", None,
            SwitchTo("backup", "silence"), id="silent: the next good one",
        ),
        pytest.param(
            dead("studio", None), backup(good_s=60), "studio", None,
            Stay(), id="flagged, but not for the switch time: wait",
        ),
        pytest.param(
            dead("studio", "black"), backup(good_s=None, lost=True), "studio", None,
            Stay(), id="no other: black with sound is better than slate",
        ),
        pytest.param(
            dead("studio", "silence"), dead("backup", "black"), "studio", None,
            Stay(), id="both dead: stay",
        ),
        pytest.param(
            dead("studio", "silence"), dead("backup", None), "studio", None,
            Stay(), id="the backup falls silent with the studio: stay, it is the programme",
        ),
        pytest.param(
            dead("studio", "black"), backup(good_s=9, lost=True), "studio", None,
            Stay(), id="the backup is not trusted yet: wait",
        ),
        pytest.param(
            dead("studio", "black"), backup(good_s=60), "backup", None,
            Stay(), id="a better input that is black is not returned to",
        ),
        pytest.param(
            revived("studio", 9.9), backup(good_s=60), "backup", None,
            Stay(), id="alive for less than ten seconds: wait",
        ),
        pytest.param(
            revived("studio", 10), backup(good_s=60), "backup", None,
            SwitchTo("studio", "recover"), id="alive for ten seconds: return",
        ),
        pytest.param(
            revived("studio", 3), dead("backup", "silence"), "backup", None,
            Stay(), id="on a dead backup: the studio is waited for",
        ),
        pytest.param(
            revived("studio", 10), dead("backup", "silence"), "backup", None,
            SwitchTo("studio", "silence"), id="on a dead backup: the studio is alive",
        ),
        pytest.param(
            studio(good_s=None, lost=True), dead("backup", "black"), "studio", None,
            SwitchTo("backup", "loss"), id="lost: a black backup is better than slate",
        ),
        pytest.param(
            dead("studio", "silence"), revived("backup", 3), SLATE, None,
            SwitchTo("backup", "recover"), id="from slate: what is alive goes before what is dead",
        ),
        pytest.param(
            dead("studio", "silence"), dead("backup", "silence"), SLATE, None,
            SwitchTo("studio", "recover"), id="from slate: dead inputs by priority",
        ),
        pytest.param(
            dead("studio", "black"), backup(good_s=60), "studio", "studio",
            Stay(), id="the operator's take wins over black",
        ),
        pytest.param(
            dead("studio", "black"), backup(good_s=60), "backup", "studio",
            SwitchTo("studio", "operator"), id="the operator may take what is black",
        ),
    ],
)  # fmt: skip
def test_content_is_left_for_what_is_alive_and_for_nothing_else(
    first: InputState, second: InputState, on_air: str, take: str | None, expected: Decision
) -> None:
    decision = decide_source([first, second], on_air=on_air, take=take, now_ns=NOW, rules=RULES)
    assert decision == expected


def test_a_feed_that_flaps_at_1_hz_for_a_minute_makes_one_switch() -> None:
    """Half a second of picture, half a second of nothing: the backup stays on air."""
    on_air, switches = "studio", []
    for tick in range(60 * 25):
        now = tick * S // 25
        phase = tick % 25
        good = phase < 13  # good for 0.52 s of every second
        flapping = InputState(
            name="studio", good=good, good_since_ns=now - phase * S // 25, was_lost=tick >= 13
        )
        steady = InputState(name="backup", good=True, good_since_ns=0, was_lost=False)
        decision = decide_source(
            [flapping, steady], on_air=on_air, take=None, now_ns=now, rules=RULES
        )
        if isinstance(decision, SwitchTo):
            on_air = decision.source
            switches.append(decision)
    assert switches == [SwitchTo("backup", "loss")]


@pytest.mark.parametrize(
    ("on_air", "take", "expected"),
    [
        pytest.param("studio", None, SwitchTo(SLATE, "schedule"), id="a good input goes"),
        pytest.param("studio", "studio", SwitchTo(SLATE, "schedule"), id="a take is no excuse"),
        pytest.param(SLATE, "studio", Stay(), id="slate stays, whatever is taken"),
        pytest.param(SLATE, SLATE, Stay(), id="slate was taken already"),
    ],
)
def test_a_blackout_is_slate_whatever_else_is_wanted(
    on_air: str, take: str | None, expected: Decision
) -> None:
    decision = decide_source(
        [studio(good_s=60), backup(good_s=60)],
        on_air=on_air,
        take=take,
        now_ns=NOW,
        rules=RULES,
        blackout=True,
    )
    assert decision == expected


def test_after_a_blackout_the_input_returns_at_once() -> None:
    decision = decide_source(
        [studio(good_s=60)], on_air=SLATE, take=None, now_ns=NOW, rules=RULES, blackout=False
    )
    assert decision == SwitchTo("studio", "recover")


def test_a_blackout_holds_its_first_moment_and_not_its_end() -> None:
    spans = (Blackout(UnixNs(10 * S), UnixNs(20 * S)), Blackout(UnixNs(20 * S), UnixNs(21 * S)))
    at = [10 * S - 1, 10 * S, 20 * S - 1, 20 * S, 21 * S - 1, 21 * S]
    found = [is_blacked_out(spans, UnixNs(moment)) for moment in at]
    assert found == [False, True, True, True, True, False]


def test_blackouts_are_read_from_the_guide_as_run_and_not_past() -> None:
    def item(name: str, start_s: int, *, blackout: bool, as_run: int | None = None) -> Programme:
        return Programme(
            id=name,
            channel="hytv",
            start_s=start_s,
            end_s=start_s + 100,
            title=name,
            blackout=blackout,
            as_run_start_s=as_run,
        )

    snapshot = GuideSnapshot(
        channel="hytv",
        programmes=(
            item("over", 800, blackout=True),
            item("on", 950, blackout=True, as_run=960),
            item("open", 1_050, blackout=False),
            item("to-come", 1_150, blackout=True),
        ),
    )
    assert blackouts_of(snapshot, now_s=1_000) == (
        Blackout(UnixNs(960 * S), UnixNs(1_050 * S)),
        Blackout(UnixNs(1_150 * S), UnixNs(1_250 * S)),
    )

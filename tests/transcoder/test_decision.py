"""transcoder.decision: which source is on air."""

from __future__ import annotations

import pytest

from transcoder.decision import SLATE, Decision, InputState, Rules, Stay, SwitchTo, decide_source

S = 1_000_000_000
NOW = 100 * S
RULES = Rules(return_after_ns=10 * S)


def studio(*, good_s: float | None, lost: bool = False) -> InputState:
    return _state("studio", good_s, lost=lost)


def backup(*, good_s: float | None, lost: bool = False) -> InputState:
    return _state("backup", good_s, lost=lost)


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

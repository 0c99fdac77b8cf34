"""Which hours go: by days, then by space, and whose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import ChannelSettings
from core.errors import ConfigError
from core.retention import HourAddress, KeepingRule, Removal, decide_retention, rule_of
from core.timeline import UnixNs

NOW_HOUR = 498_014
NOW = UnixNs(NOW_HOUR * 3_600_000_000_000 + 1_800_000_000_000)
GB = 1_000_000_000


def rule(
    channel: str = "hytv", *, days: int = 7, deposit_days: int = 0, hourly: int = 100
) -> KeepingRule:
    return KeepingRule(
        channel=channel,
        archive_days=days,
        deposit_days=deposit_days,
        deposit=frozenset({"480p", "a96"} if deposit_days else ()),
        bytes_an_hour={"720p": hourly, "480p": hourly, "a96": 10},
    )


def hours(channel: str, rendition: str, ages: range, size: int = 100) -> dict[HourAddress, int]:
    return {(channel, rendition, NOW_HOUR - age): size for age in ages}


def decide(
    rules: list[KeepingRule],
    stored: dict[HourAddress, int],
    *,
    free: int | None = None,
    wanted: int = 0,
    limit: int = 1_000,
) -> list[Removal]:
    return decide_retention(
        rules=rules,
        stored=stored,
        now=NOW,
        free_bytes=free,
        min_free_bytes=wanted,
        limit=limit,
    )


def removal(channel: str, age: int, names: tuple[str, ...], size: int, why: str) -> Removal:
    return Removal(
        channel=channel,
        hour=NOW_HOUR - age,
        renditions=names,
        size_bytes=size,
        why=why,  # type: ignore[arg-type]
    )


def test_an_hour_goes_with_its_thumbnails_when_all_of_it_is_older_than_the_days() -> None:
    stored = {
        **hours("hytv", "720p", range(171)),
        **hours("hytv", "thumb", range(168, 170), 0),
    }
    assert decide([rule()], stored) == [
        removal("hytv", 170, ("720p",), 100, "days"),
        removal("hytv", 169, ("720p", "thumb"), 100, "days"),
    ]


def test_the_deposits_renditions_stay_for_its_days() -> None:
    ages = (168, 169, 190 * 24, 190 * 24 + 1)
    stored = {
        ("hytv", name, NOW_HOUR - age): 100 for age in ages for name in ("720p", "480p", "a96")
    }
    assert decide([rule(deposit_days=190)], stored) == [
        removal("hytv", 190 * 24 + 1, ("480p", "720p", "a96"), 300, "days"),
        removal("hytv", 190 * 24, ("720p",), 100, "days"),
        removal("hytv", 169, ("720p",), 100, "days"),
    ]


def test_a_deposit_shorter_than_the_catch_up_takes_nothing_from_it() -> None:
    stored = hours("hytv", "480p", range(160, 170))
    found = decide([rule(deposit_days=2)], stored)
    assert [item.hour for item in found] == [NOW_HOUR - 169]


def test_no_days_keep_nothing_but_the_present_hour() -> None:
    found = decide([rule(days=0)], hours("hytv", "720p", range(3)))
    assert [item.hour for item in found] == [NOW_HOUR - 2, NOW_HOUR - 1]


def test_a_channel_that_the_settings_do_not_name_is_not_touched() -> None:
    stored = hours("old", "720p", range(1_000, 1_010))
    assert decide([rule()], stored, free=0, wanted=GB) == []


def test_a_turn_has_an_end_and_the_oldest_of_all_channels_goes_first() -> None:
    stored = {**hours("hytv", "720p", range(200, 210)), **hours("a", "720p", range(205, 215))}
    found = decide([rule(), rule("a")], stored, limit=6)
    assert [(item.channel, NOW_HOUR - item.hour) for item in found] == [
        ("a", 214),
        ("a", 213),
        ("a", 212),
        ("a", 211),
        ("a", 210),
        ("a", 209),
    ]


def test_for_space_the_channel_furthest_above_its_share_gives_its_oldest_hour() -> None:
    """``b`` holds less, but twice its share; ``a`` is the larger one, below its own."""
    a = rule("a", days=10, hourly=1_000)
    b = rule("b", days=1, hourly=10)
    stored = {**hours("a", "720p", range(100), 1_000), **hours("b", "720p", range(23), 100)}
    found = decide([a, b], stored, free=900, wanted=1_050)
    assert found == [
        removal("b", 22, ("720p",), 100, "space"),
        removal("b", 21, ("720p",), 100, "space"),
    ]


def test_space_is_taken_no_further_than_it_is_short() -> None:
    stored = hours("hytv", "720p", range(100))
    assert len(decide([rule()], stored, free=500, wanted=500)) == 0
    assert len(decide([rule()], stored, free=499, wanted=500)) == 1
    assert len(decide([rule()], stored, free=None, wanted=500)) == 0


def test_what_goes_by_days_counts_for_the_space() -> None:
    stored = hours("hytv", "720p", range(160, 170))
    found = decide([rule()], stored, free=400, wanted=500)
    assert [item.why for item in found] == ["days"]


def test_the_last_two_hours_stay_whatever_happens() -> None:
    found = decide([rule()], hours("hytv", "720p", range(5)), free=0, wanted=GB)
    assert [NOW_HOUR - item.hour for item in found] == [4, 3]


def test_the_deposit_goes_last_and_is_called_by_its_name() -> None:
    stored = {
        **hours("hytv", "720p", range(5)),
        **hours("hytv", "480p", range(5)),
        **hours("hyfm", "720p", range(4)),
    }
    rules = [rule(deposit_days=190), rule("hyfm")]
    found = decide(rules, stored, free=0, wanted=GB)
    assert found == [
        removal("hytv", 4, ("720p",), 100, "space"),
        removal("hytv", 3, ("720p",), 100, "space"),
        removal("hyfm", 3, ("720p",), 100, "space"),
        removal("hytv", 4, ("480p",), 100, "deposit"),
        removal("hytv", 3, ("480p",), 100, "deposit"),
    ]


def test_a_channel_whose_days_are_the_deposits_alone_has_no_share_of_catch_up() -> None:
    only_deposit = rule("radio", days=1, deposit_days=190)
    assert only_deposit.share_bytes() == 100 * 24
    assert only_deposit.deposit_bytes() == 110 * 24 * 190


@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(["720p", "480p", "thumb"]),
            st.integers(NOW_HOUR - 400, NOW_HOUR),
        ),
        st.integers(0, 50),
        max_size=60,
    ),
    st.integers(0, 2_000),
    st.integers(0, 2_000),
)
def test_nothing_goes_that_must_stay(
    stored: dict[HourAddress, int], free: int, wanted: int
) -> None:
    rules = [rule("a", days=3), rule("b", days=5, deposit_days=10)]
    found = decide(rules, stored, free=free, wanted=wanted)
    gone = [(item.channel, name, item.hour) for item in found for name in item.renditions]
    assert len(gone) == len(set(gone))
    assert set(gone) <= set(stored)
    assert all(channel != "c" for channel, _, _ in gone)
    for item in found:
        if item.why != "days":
            assert item.hour < NOW_HOUR - 2
        if item.why == "deposit":
            assert item.channel == "b"
            assert "720p" not in item.renditions
    # The deposit goes only when no catch-up is left that may go.
    if any(item.why == "deposit" for item in found):
        rest = [key for key in stored if key not in gone and key[0] == "a"]
        assert all(hour >= NOW_HOUR - 2 for _, _, hour in rest)
    # Too little is freed only if nothing is left that may go.
    freed = free + sum(item.size_bytes for item in found)
    if freed < wanted:
        rest = [key for key in stored if key not in gone and key[0] != "c"]
        assert all(hour >= NOW_HOUR - 2 for _, _, hour in rest)


def channel(**more: object) -> ChannelSettings:
    return ChannelSettings.model_validate(
        {"slug": "hytv", "name": "Hưng Yên", "kind": "tv", "ladder": "480p", **more}
    )


def test_a_rule_is_made_of_the_settings() -> None:
    found = rule_of(channel(archive_days=7, deposit_days=190))
    assert found == KeepingRule(
        channel="hytv",
        archive_days=7,
        deposit_days=190,
        deposit=frozenset({"480p", "a96"}),
        bytes_an_hour={
            "480p": 540_000_000,
            "360p": 270_000_000,
            "234p": 65_250_000,
            "a96": 43_200_000,
            "a32": 14_400_000,
        },
    )
    with pytest.raises(ConfigError, match="no rendition 999p to deposit"):
        rule_of(channel(deposit_days=190, deposit_rendition="999p"))

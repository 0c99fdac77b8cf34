"""origin.iptv_forms and origin.past: what clients' addresses mean."""

from __future__ import annotations

import pytest

from core.errors import InputError, NotYetAvailableError
from core.timeline import UnixNs
from origin.iptv_forms import Delay, Form, Live, parse_name, parse_query
from origin.past import Which, parse_past
from origin.span import Span

NOW_S = 1_795_200_000
NOW = UnixNs(NOW_S * 10**9)
T = NOW_S - 3_600


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("timeshift_rel-3600.m3u8", Delay(3_600)),
        ("index-timeshift_rel-3600.m3u8", Delay(3_600)),
        ("timeshift_rel-0.m3u8", Live()),
        (f"timeshift_abs-{T}.m3u8", Span(T, None)),
        (f"archive-{T}-600.m3u8", Span(T, T + 600)),
        (f"archive-{T}-now.m3u8", Span(T, None)),
        (f"index-{T}-600.m3u8", Span(T, T + 600)),
        (f"video-{T}-600.m3u8", Span(T, T + 600)),
        (f"video-{T}-now.m3u8", Span(T, None)),
        (f"archive-{NOW_S - 5}-now.m3u8", Live()),
        ("index.m3u8", None),
        ("other.m3u8", None),
        ("timeshift_rel-5.ts", None),
    ],
)
def test_reads_the_names_of_flussonics_lists(name: str, form: Form | None) -> None:
    assert parse_name(name, now=NOW) == form


@pytest.mark.parametrize(
    "name",
    [
        *("timeshift_rel-x.m3u8", "timeshift_rel--5.m3u8", "timeshift_abs-1e9.m3u8"),
        *("archive-5-x.m3u8", "archive--5.m3u8", "archive-x-now.m3u8", f"archive-{T}-0.m3u8"),
        *(f"archive-{T}-86401.m3u8", f"archive-{T}-.m3u8", "timeshift_rel-9999999999999.m3u8"),
    ],
)
def test_refuses_names_with_wrong_numbers(name: str) -> None:
    with pytest.raises(InputError):
        parse_name(name, now=NOW)


@pytest.mark.parametrize(
    ("utc", "lutc", "duration", "form"),
    [
        ([f"{T}"], [], [], Span(T, None)),
        ([f"{T}"], [f"{NOW_S}"], [], Span(T, None)),
        ([f"{T}"], [f"{NOW_S}"], ["1800"], Span(T, T + 1_800)),
        ([f"{NOW_S - 19}"], [f"{NOW_S}"], [], Live()),
        ([f"{NOW_S - 40}"], [f"{NOW_S}"], ["20"], Span(NOW_S - 40, NOW_S - 20)),
        ([f"{NOW_S + 600}"], [f"{NOW_S}"], ["60"], Live()),
    ],
)
def test_reads_the_query_of_append_and_shift(
    utc: list[str], lutc: list[str], duration: list[str], form: Form
) -> None:
    assert parse_query(utc, lutc, duration, now=NOW) == form


@pytest.mark.parametrize(
    ("utc", "lutc", "duration"),
    [
        ([], [], []),
        (["1", "2"], [], []),
        (["x"], [], []),
        ([""], [], []),
        (["-5"], [], []),
        ([f"{T}"], ["x"], []),
        ([f"{T}"], ["1", "2"], []),
        ([f"{T}"], [], ["0"]),
        ([f"{T}"], [], ["315360000"]),
        ([f"{T}"], [], ["{duration}"]),
    ],
)
def test_refuses_queries_with_wrong_numbers(
    utc: list[str], lutc: list[str], duration: list[str]
) -> None:
    with pytest.raises(InputError):
        parse_query(utc, lutc, duration, now=NOW)


def test_the_far_future_has_not_come() -> None:
    with pytest.raises(NotYetAvailableError):
        parse_query([f"{NOW_S + 4_000}"], [], [], now=NOW)


@pytest.mark.parametrize(
    ("path", "which"),
    [
        ("/catchup/hytv/5-6/index.m3u8", Which("catchup", "hytv", span="5-6")),
        ("/catchup/hytv/-5-x/sound.m3u8", Which("catchup", "hytv", sound=True, span="-5-x")),
        ("/catchup/hytv/5-6/720p/index.m3u8", Which("catchup", "hytv", "720p", span="5-6")),
        ("/dvr/hytv/index.m3u8", Which("dvr", "hytv")),
        ("/dvr/hytv/sound/index.m3u8", Which("dvr", "hytv", "sound")),
        ("/programmes/tin-19h/a96/index.m3u8", Which("programme", "tin-19h", "a96")),
        (
            "/ll/hytv/archive-5-6.m3u8",
            Which("client", "hytv", folder="ll", name="archive-5-6.m3u8"),
        ),
        (
            "/sound/hytv/a32/timeshift_rel-9.m3u8",
            Which("client", "hytv", "a32", sound=True, folder="sound", name="timeshift_rel-9.m3u8"),
        ),
        ("/live/hytv/index.m3u8", Which("client", "hytv", folder="live", name="index.m3u8")),
        ("/live/hytv/720p/iframes.m3u8", None),
        ("/catchup/hytv/5-6/", None),
        ("/catchup/hytv/../hytv/5-6/index.m3u8", None),
        ("/catchup/HYTV/5-6/index.m3u8", None),
        ("/programmes/../index.m3u8", None),
        ("/dvr/hytv/%2e%2e/index.m3u8", None),
        ("/media/hytv/720p/5.m4s", None),
    ],
)
def test_recognises_the_lists_of_the_past(path: str, which: Which | None) -> None:
    assert parse_past(path) == which

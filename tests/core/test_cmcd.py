"""core.cmcd: reports as players send them, and whatever else comes."""

from __future__ import annotations

import re
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cmcd import MAX_BODY_BYTES, Asked, Report, parse_reports, parse_request
from core.errors import FormatError

WHOLE = (
    'bl=(12200;v 11000;a),br=(1650;v 64;a),bsd=(900;v 1200;a),cid="hytv",dfa=3,e=ps,ec=("LS-N1"),'
    'lensong-kind=dvr,lensong-rendition="360p",ltc=14210,msd=812,mtp=(28800),sf=h,sid="5f0c-1",'
    "sn=7,st=l,sta=p,ts=1795387733514,v=2"
)
LEAST = 'e=t,ts=1,sid="a",cid="b",v=2'


def only(text: str) -> Report:
    (report,) = parse_reports(text.encode("latin-1"))
    assert isinstance(report, Report), report
    return report


def test_a_report_is_read_whole() -> None:
    assert only(WHOLE) == Report(
        event="ps",
        ts_ms=1_795_387_733_514,
        session="5f0c-1",
        content="hytv",
        number=7,
        state="p",
        stream_type="l",
        startup_ms=812,
        stalled_ms=1_200,
        latency_ms=14_210,
        bitrate_kbps=1_714,
        errors=("LS-N1",),
        kind="dvr",
        rendition="360p",
    )


def test_a_report_as_hls_js_sends_it_is_read() -> None:
    """The form in which the event mode of hls.js 1.7 writes."""
    report = only(
        'bl=(12200),br=(1650),cid="hytv1",e=t,mtp=(288600),sf=h,'
        'sid="3f0d0c6e-6a7f-4a49-8d4c-6a7d5f9f7c11",sn=7,st=l,sta=p,ts=1795387733514,v=2'
    )
    assert (report.event, report.state, report.bitrate_kbps) == ("t", "p", 1_650)


def test_each_line_is_judged_by_itself() -> None:
    lines = [LEAST, "what is this", LEAST.replace("v=2", "v=3"), "", LEAST + "\r"]
    found = parse_reports("\n".join(lines).encode())
    assert [one if isinstance(one, str) else one.event for one in found] == [
        "t",
        "invalid",
        "version",
        "t",
    ]


@pytest.mark.parametrize(
    "text",
    [
        LEAST.replace("e=t,", ""),
        LEAST.replace("ts=1,", ""),
        LEAST.replace('sid="a",', ""),
        LEAST.replace('cid="b",', ""),
        LEAST.replace(",v=2", ""),
        LEAST.replace("v=2", "v=1"),
        LEAST.replace("ts=1", "ts=-1"),
        LEAST.replace("ts=1", "ts=?1"),
        LEAST.replace("ts=1", "ts"),
        LEAST.replace("ts=1", "ts=1e308"),
        LEAST.replace("ts=1", "ts=1234567890123456"),
        LEAST.replace('"a"', "a"),
        LEAST.replace('"a"', '""'),
        LEAST.replace('"a"', '"' + "a" * 65 + '"'),
        LEAST.replace('"b"', '"' + "b" * 129 + '"'),
        LEAST.replace('"b"', '"đ"'),
        LEAST.replace('"b"', '"b'),
        LEAST.replace("e=t", 'e="t"'),
        LEAST.replace("e=t", "e=" + "t" * 64),
        LEAST + "," + "x" * 4_096,
    ],
)
def test_what_lacks_a_needed_value_is_no_report(text: str) -> None:
    assert parse_reports(text.encode()) == ["invalid"]


@pytest.mark.parametrize(
    "more",
    [
        "msd=-1",
        "msd=1e308",
        "msd=?1",
        "msd",
        'msd="812"',
        "msd=(812)",
        "msd=0x10",
        "msd=99999999999999999999",
        "msd=1.2345",
        "bsd=(-5;v 3;a)",
        "bsd=(5",
        "bsd=(5;v)x",
        "bsd=()",
        'bsd=("5")',
        "br=nan",
        "sta=z",
        'sta="p"',
        "st=x",
        "ec=(LS-N1)",
        'ec=("LS-N1',
        'lensong-kind="' + "x" * 65 + '"',
        "!!",
        "=5",
        "UPPER=1",
        "unknown=(1 2 3);x=y",
        'd="1,sta=p"',
    ],
)
def test_a_malformed_value_costs_itself_and_no_other(more: str) -> None:
    assert only(f"{more},{LEAST}" if not more.count('"') % 2 else f"{LEAST},{more}") == only(LEAST)


def test_numbers_are_kept_within_what_may_be() -> None:
    report = only(LEAST + ",msd=999999999,bsd=(999999999),ltc=999999,br=(999999999)")
    assert (report.startup_ms, report.stalled_ms, report.latency_ms) == (120_000,) * 3
    assert report.bitrate_kbps == 200_000
    assert only(LEAST + ",msd=12.5").startup_ms == 12


def test_parameters_change_nothing_and_the_last_of_a_key_counts() -> None:
    assert only(LEAST + ',msd=5;a;b="x,y";c=1').startup_ms == 5
    assert only(LEAST + ",msd=5,msd=6").startup_ms == 6
    assert only(LEAST + ",msd=5,msd=x").startup_ms is None
    assert only(LEAST + ",br=( 100;ot=v  20;a )").bitrate_kbps == 20


def test_text_is_taken_out_of_its_quotes() -> None:
    assert only(LEAST.replace('"a"', r'"a\"b\\,c=1"')).session == 'a"b\\,c=1'
    assert only(LEAST + ',ec=("a" "b" "c" "d" "e")').errors == ("a", "b", "c", "d")
    assert only(LEAST + ',ec="LS-D1"').errors == ("LS-D1",)


def test_a_body_has_its_limits() -> None:
    assert len(parse_reports("\n".join([LEAST] * 64).encode())) == 64
    for body in ("\n".join([LEAST] * 65), "x" * (MAX_BODY_BYTES + 1)):
        with pytest.raises(FormatError) as fault:
            parse_reports(body.encode())
        assert fault.value.code == "too_large"


@given(st.binary(max_size=2_000))
def test_nothing_that_is_sent_breaks_it(body: bytes) -> None:
    try:
        found = parse_reports(body)
    except FormatError:
        assert body.count(b"\n") >= 64
    else:
        assert len(found) <= 64


@given(st.text(alphabet='abv=12"\\(),;. -?', max_size=300))
def test_nothing_that_stands_before_a_report_changes_its_needed_values(junk: str) -> None:
    """Unless a string swallows it: what follows an open quote is text."""
    found = parse_reports(f"{junk},{LEAST}".encode())[0]
    if isinstance(found, Report):
        assert (found.event, found.ts_ms, found.session, found.content) == ("t", 1, "a", "b")
    else:
        assert '"' in junk


VISIBLE = "".join(map(chr, range(0x20, 0x7F)))
TYPED = st.lists(st.tuples(st.integers(0, 90_000), st.sampled_from("va")), min_size=1, max_size=3)


@given(
    sid=st.text(VISIBLE, min_size=1, max_size=64),
    codes=st.lists(st.text(VISIBLE, min_size=1, max_size=64), min_size=1, max_size=4),
    ts_ms=st.integers(0, 10**15 - 1),
    bitrates=TYPED,
    strangers=st.dictionaries(
        st.from_regex(r"[a-z]{1,8}-[a-z]{1,8}", fullmatch=True), st.text(VISIBLE), max_size=4
    ),
)
def test_what_is_written_by_the_rules_is_read_back(
    sid: str,
    codes: list[str],
    ts_ms: int,
    bitrates: list[tuple[int, str]],
    strangers: dict[str, str],
) -> None:
    def quote(text: str) -> str:
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'

    members = [f"{key}={quote(value)}" for key, value in strangers.items()]
    members += [
        f"sid={quote(sid)}",
        f"ec=({' '.join(map(quote, codes))})",
        f"br=({' '.join(f'{kbps};{kind}' for kbps, kind in bitrates)})",
        f"ts={ts_ms}",
        'e=e,v=2,cid="hytv"',
    ]
    line = ",".join(members)
    if len(line) > 4_096:
        return
    report = only(line)
    assert (report.session, report.errors, report.ts_ms) == (sid, tuple(codes), ts_ms)
    assert report.bitrate_kbps == min(200_000, sum(kbps for kbps, _ in bitrates))


@pytest.mark.parametrize(
    "unit", ["a=(", 'a="x"', '"x', "a=1;b", '\\"', 'a=("x" ', "a=1;b=c;", string.punctuation]
)
def test_no_body_takes_long(unit: str) -> None:
    """Quadratic work on 64 KiB would be a second and more."""
    line = (unit * 4_096)[:1_000]
    body = "\n".join([line] * 64).encode()
    started = time.process_time()
    parse_reports(body)
    assert time.process_time() - started < 0.5


def test_a_request_as_hls_js_sends_it_is_read() -> None:
    """Version 1, its headers joined, and version 2."""
    assert parse_request(
        'br=1650,d=3840,ot=v,tb=3200,bl=21300,dl=21300,mtp=28800,nor="2.m4s",su,'
        'cid="hytv",sf=h,sid="3f0d",st=l,bs,rtp=5000'
    ) == Asked(
        session="3f0d",
        stream_type="l",
        is_urgent=True,
        has_starved=True,
        buffer_ms=21_300,
        duration_ms=3_840,
        bitrate_kbps=1_650,
    )
    assert parse_request(
        'bl=(2100;v 1800;a),br=(1650),bsd=(900),ltc=7100,msd=812,ot=v,pr=1.05,sid="3f0d",'
        "st=ll,sta=p,su=?0,ts=1795387733514,v=2"
    ) == Asked(
        session="3f0d",
        state="p",
        stream_type="ll",
        buffer_ms=1_800,
        startup_ms=812,
        stalled_ms=900,
        latency_ms=7_100,
        bitrate_kbps=1_650,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("br=5", "invalid"),
        ("", "invalid"),
        ('sid=""', "invalid"),
        (f'sid="{"x" * 65}"', "invalid"),
        ('sid="a",v=3', "version"),
        ('sid="a"' + "," * 4_096, "invalid"),
        ('sid="a",bs=1,su="x",bl=-5,br=1e9,d=0,sta=zz,pr=fast', Asked(session="a")),
        ('sid="a",pr=0', Asked(session="a", is_standing=True)),
        ('sid="a",pr=0.000', Asked(session="a", is_standing=True)),
        ('sid="a",pr=0.5', Asked(session="a")),
        ('sid="a",bs=?1,su=?0', Asked(session="a", has_starved=True)),
        ('sid="a",bl=999999999', Asked(session="a", buffer_ms=3_600_000)),
    ],
)
def test_what_is_wrong_in_a_request_costs_no_more_than_itself(text: str, told: Asked | str) -> None:
    assert parse_request(text) == told


@given(st.text(st.characters(max_codepoint=255), max_size=300))
def test_no_request_is_too_odd_to_be_read(text: str) -> None:
    assert isinstance(parse_request(text), Asked | str)
    assert isinstance(parse_request(f'sid="a",{text}'), Asked | str)

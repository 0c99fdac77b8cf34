"""Files that are made to do harm: refused, cheaply, and the guide is as it was.

Memory and processor are measured where a file could ask for much.
"""

from __future__ import annotations

import gzip
import http.server
import json
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.faults import FaultError
from control.gzip_guard import MAX_BYTES, unpack
from control.journal import Act
from control.room import ControlRoom
from tests.control.reading import NOW

ACT = Act("cli:test", NOW)
GOOD = b"channel,start,end,title\nhytv,2026-11-23 19:00,2026-11-23 19:30,Tin\n"
ITEM = (
    '<programme start="20261123190000" stop="20261123193000" channel="hytv">'
    "<title>{}</title></programme>"
)

LAUGHS = (
    '<!DOCTYPE tv [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><tv>"
    + ITEM.format("&i;")
    + "</tv>"
)
QUADRATIC = (
    f'<!DOCTYPE tv [<!ENTITY a "{"x" * 200_000}">]><tv>' + ITEM.format("&a;" * 200_000) + "</tv>"
)
DEFAULTS = (
    f'<!DOCTYPE tv [<!ATTLIST p x CDATA "{"x" * 1_000_000}">]><tv>' + "<p/>" * 900_000 + "</tv>"
)
DEEP = "<tv>" + "<a>" * 1_500_000
MANY = "<tv>" + "<a/>" * 1_200_000 + "</tv>"
ATTRIBUTES = "<tv><programme " + " ".join(f'a{n}="1"' for n in range(300_000)) + "/></tv>"
COMMENT = "<tv><!--" + "x" * 5_000_000


@pytest.fixture
def kept(room: ControlRoom) -> Iterator[ControlRoom]:
    """Give a room with a guide, and look afterwards that it is the same one."""
    room.import_guide(GOOD, name="good", act=ACT)
    yield room
    found = room.day("hytv", room.today(NOW))
    assert [item.programme.title for item in found] == ["Tin"]
    assert found[0].programme.id == "hytv-20261123-1900-tin"
    assert len(room.store.audit(limit=10)) == 1


def refuse(room: ControlRoom, data: bytes | str, code: str) -> None:
    """Import a file, see that it is refused for ``code``, and that it cost little."""
    data = data.encode() if isinstance(data, str) else data
    tracemalloc.start()
    started = time.process_time()  # what is measured
    report = room.import_guide(data, name="bad", act=ACT)
    spent_s = time.process_time() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.result == "refused"
    assert [item.code for item in report.faults] == [code]
    assert spent_s < 10
    assert peak < 200 * 1024 * 1024


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: LAUGHS, "forbidden_dtd", id="billion laughs"),
        pytest.param(lambda: QUADRATIC, "forbidden_dtd", id="quadratic blow-up"),
        pytest.param(lambda: DEFAULTS, "forbidden_dtd", id="attribute defaults"),
        pytest.param(lambda: DEEP, "too_deep", id="deep nesting"),
        pytest.param(lambda: MANY, "too_many", id="a million elements"),
        pytest.param(lambda: ATTRIBUTES, "empty", id="a million attributes"),
        pytest.param(lambda: COMMENT, "not_xml", id="one long comment"),
        pytest.param(lambda: "[" * 5_000_000, "not_json", id="deep JSON"),
        pytest.param(lambda: '["' + "\\" * 4_000_000, "not_json", id="an endless string"),
        pytest.param(lambda: '["' + '\\"' * 2_000_000, "not_json", id="quotes without an end"),
        pytest.param(lambda: "9" * 5_000_000, "not_csv", id="one long line"),
        pytest.param(lambda: bytes(MAX_BYTES + 1), "too_large", id="a byte too many"),
        pytest.param(lambda: b"\x1f\x8b" + bytes(100), "bad_gzip", id="bad gzip"),
        pytest.param(lambda: b"", "no_column", id="nothing"),
        pytest.param(lambda: b"\x00" * 1_000, "no_column", id="zeros"),
    ],
)
@pytest.mark.timeout(60)
def test_a_hostile_file_is_refused_cheaply(
    kept: ControlRoom, make: Callable[[], bytes | str], code: str
) -> None:
    if code == "empty":
        # Its only programme has neither channel nor start: it is left out by its channel.
        report = kept.import_guide(str(make()).encode(), name="bad", act=ACT)
        assert report.result == "refused"
        return
    refuse(kept, make(), code)


def test_an_external_entity_reads_no_file(kept: ControlRoom, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    for declaration in (
        f'<!ENTITY x SYSTEM "file://{secret}">',
        f'<!ENTITY % x SYSTEM "file://{secret}">%x;',
    ):
        text = f"<!DOCTYPE tv [{declaration}]><tv>" + ITEM.format("&x;") + "</tv>"
        refuse(kept, text, "forbidden_dtd")


def test_an_external_entity_asks_no_server(kept: ControlRoom) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        text = f'<!DOCTYPE tv [<!ENTITY x SYSTEM "{url}/x">]><tv>' + ITEM.format("&x;") + "</tv>"
        refuse(kept, text, "forbidden_dtd")
        # A DOCTYPE that points somewhere is usual, and is asked for nowhere.
        outside = f'<!DOCTYPE tv SYSTEM "{url}/xmltv.dtd"><tv>' + ITEM.format("Tin") + "</tv>"
        report = kept.import_guide(outside.encode(), name="usual", act=ACT)
        server.shutdown()
        thread.join()
    assert report.result == "accepted"
    assert report.channels == ()
    assert asked == []


def bomb(size: int) -> bytes:
    """Return a gzip of ``size`` zeros, made without ever holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(2**20)
    parts = [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*parts, packer.flush()])


@pytest.mark.timeout(60)
def test_two_gigabytes_in_two_megabytes_are_refused_at_five(kept: ControlRoom) -> None:
    data = bomb(2 * 2**30)
    assert len(data) < MAX_BYTES
    tracemalloc.start()
    with pytest.raises(FaultError):
        unpack(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * MAX_BYTES
    refuse(kept, data, "too_large")


def test_titles_of_ten_thousand_characters_refuse_their_day(kept: ControlRoom) -> None:
    for title in ("x" * 10_000, "ự" * 10_000, "a\u0301" * 10_000, "\u202e" * 9_999 + "x"):
        text = "<tv>" + ITEM.format(title) + "</tv>"
        report = kept.import_guide(text.encode(), name="bad", act=ACT)
        assert report.result == "refused"
        assert "long_title" in {item.code for item in report.faults}


def test_invisible_and_turning_characters_are_taken_out_and_markup_is_text(
    room: ControlRoom,
) -> None:
    title = "\u202e<script>alert(1)</script>\u200b\u2066'\"&\u0007"
    text = json.dumps([{"channel": "hytv", "start": NOW, "end": NOW + 60, "title": title}])
    report = room.import_guide(text.encode(), name="odd", act=ACT)
    assert report.result == "accepted"
    assert {item.code for item in report.faults} == {"characters"}
    found = room.day("hytv", room.today(NOW))
    assert found[0].programme.title == "<script>alert(1)</script>'\"&"


@pytest.mark.timeout(60)
def test_the_largest_guide_that_is_taken_is_quick_enough(room: ControlRoom) -> None:
    """Twenty days of two channels at five minutes each: more than any broadcaster has."""
    items = [
        {
            "channel": channel,
            "start": NOW + n * 300,
            "end": NOW + n * 300 + 300,
            "title": f"Tin {n}",
        }
        for channel in ("hytv", "hyfm")
        for n in range(20 * 288)
    ]
    data = gzip.compress(json.dumps(items).encode())
    started = time.process_time()  # what is measured
    report = room.import_guide(data, name="large", act=ACT)
    spent_s = time.process_time() - started
    assert sum(day.total for day in report.days) == 11_520
    assert spent_s < 30

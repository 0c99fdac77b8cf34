"""origin.m3u: read back by a parser that follows Kodi's pvr.iptvsimple, quirks and all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.m3u import M3uChannel, base_of_host, render_m3u

BASE = "https://xem.hungyen.vn"
KEYS = (
    *("tvg-id", "tvg-name", "tvg-logo", "tvg-chno", "tvg-shift", "radio", "group-title"),
    *("catchup", "catchup-type", "catchup-days", "catchup-source", "catchup-correction"),
    *("timeshift", "tvg-rec", "provider", "media", "realtime"),
)


def value_of(line: str, key: str) -> str | None:
    """Look for the first ``key=`` anywhere in the line, and read on to a quote or a space."""
    at = line.find(f"{key}=")
    if at < 0:
        return None
    rest = line[at + len(key) + 1 :]
    return rest[1:].partition('"')[0] if rest.startswith('"') else rest.partition(" ")[0]


def parse(data: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the header's attributes and each channel's, with its ``name`` and ``url``.

    Strict where Kodi is not: no line but the three kinds that are expected.
    """
    head, *lines = data.decode().splitlines()
    assert head.startswith("#EXTM3U ")
    header = {key: value_of(head, key) or "" for key in ("x-tvg-url", "url-tvg")}
    assert len(lines) % 2 == 0
    channels = []
    for info, url in zip(lines[::2], lines[1::2], strict=True):
        assert info.startswith("#EXTINF:-1 ")
        assert url.startswith(f"{BASE}/live/")
        assert url.isascii()
        last = info.rfind('"')
        assert info[last + 1] == ","
        assert info.count(",") == 1  # other readers take the first, or the last
        facts = info[info.index(":") + 1 : last + 1]
        found = {key: value_of(facts, key) for key in KEYS}
        channel = {key: value for key, value in found.items() if value is not None}
        channels.append(channel | {"name": info[last + 2 :].strip(), "url": url})
    return header, channels


def channel(slug: str, name: str, **more: object) -> M3uChannel:
    values = {"kind": "tv", "logo": f"/logo/{slug}.svg", "catchup_days": 7}
    return M3uChannel(slug=slug, name=name, **values | more)  # type: ignore[arg-type]


def test_a_list_of_two_channels() -> None:
    tv = channel("hytv", "Truyền hình Hưng Yên")
    radio = channel("hyfm", "Phát thanh Hưng Yên", kind="radio", catchup_days=0)
    header, channels = parse(render_m3u([tv, radio], base=BASE))
    assert header == {"x-tvg-url": f"{BASE}/guide.xml.gz", "url-tvg": f"{BASE}/guide.xml.gz"}
    assert channels == [
        {
            "tvg-id": "hytv.lensong",
            "tvg-name": "Truyền hình Hưng Yên",
            "tvg-logo": f"{BASE}/logo/hytv.svg",
            "tvg-chno": "1",
            "group-title": "Truyền hình",
            "catchup": "append",
            "catchup-source": "?utc={utc}&lutc={lutc}&duration={duration}",
            "catchup-days": "7",
            "timeshift": "7",
            "tvg-rec": "7",
            "name": "Truyền hình Hưng Yên",
            "url": f"{BASE}/live/hytv/index.m3u8",
        },
        {
            "tvg-id": "hyfm.lensong",
            "tvg-name": "Phát thanh Hưng Yên",
            "tvg-logo": f"{BASE}/logo/hyfm.svg",
            "tvg-chno": "2",
            "group-title": "Phát thanh",
            "radio": "true",
            "name": "Phát thanh Hưng Yên",
            "url": f"{BASE}/live/hyfm/index.m3u8",
        },
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('Kênh "A"', "Kênh \u201dA\u201d"),
        ("Hưng Yên, Thái Bình", "Hưng Yên - Thái Bình"),
        ("Một\r\nhttp://evil.example/\n#EXTINF:-1,x", "Một http://evil.example/ #EXTINF:-1-x"),
        ('x" radio="true" tvg-id="y', "x\u201d radio \u201dtrue\u201d tvg-id \u201dy"),
        ("Một\u2028hai\x0bba", "Một haiba"),
        ("\u202egnp", "gnp"),
        ('"', "\u201d"),
        ("=", "hytv"),
    ],
)
def test_a_name_is_only_a_name(name: str, shown: str) -> None:
    (found,) = parse(render_m3u([channel("hytv", name)], base=BASE))[1]
    assert found["name"] == found["tvg-name"] == shown
    assert "radio" not in found
    assert found["tvg-id"] == "hytv.lensong"


FORGERIES = st.sampled_from(
    ['"', ",", "=", "\n", "\r", "\u2028", "\x85", "#EXTINF:-1,", "radio=", "catchup=", " ", "|"]
)


@given(st.lists(st.lists(FORGERIES | st.text(max_size=4), max_size=8).map("".join), max_size=4))
def test_no_name_forges_a_line_or_an_attribute(names: list[str]) -> None:
    made = [channel(f"c{number}", name, catchup_days=0) for number, name in enumerate(names)]
    found = parse(render_m3u(made, base=BASE))[1]
    assert [item["tvg-id"] for item in found] == [f"{item.slug}.lensong" for item in made]
    expected = {"tvg-id", "tvg-name", "tvg-logo", "tvg-chno", "group-title", "name", "url"}
    assert all(item.keys() == expected for item in found)


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("xem.hungyen.vn", "http://xem.hungyen.vn"),
        ("XEM.hungyen.vn:8080", "http://xem.hungyen.vn:8080"),
        ("[2001:db8::1]:80", "http://[2001:db8::1]:80"),
        ("10.0.0.7", "http://10.0.0.7"),
        ("", None),
        ("a b", None),
        ('x"y', None),
        ("x/../y", None),
        ("user@x", None),
        ("x\n", None),
        ("-x", None),
        ("x:y", None),
        ("x:123456", None),
        ("đài.vn", None),
        ("x" * 300, None),
    ],
)
def test_only_a_plain_host_makes_an_address(host: str, base: str | None) -> None:
    assert base_of_host(host) == base

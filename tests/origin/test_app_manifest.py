"""origin.app_manifest: what the page is called when it is installed."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings, parse_settings
from origin.app_manifest import render_manifest

PUBLIC = Path(__file__).parents[2] / "player_web" / "public"


def settings_of(name: str, *channels: tuple[str, str]) -> Settings:
    lines = ["[station]", f"name = {json.dumps(name)}"]
    for slug, kind in channels:
        lines += ["[[channels]]", f'slug = "{slug}"', f'name = "Kênh {slug}"', f'kind = "{kind}"']
    return parse_settings("\n".join(lines), name="settings.toml")


def manifest_of(name: str, *channels: tuple[str, str]) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(render_manifest(settings_of(name, *channels)))
    return manifest


def test_the_app_is_called_as_the_station_and_opens_on_its_own() -> None:
    manifest = manifest_of("Báo và Phát thanh, Truyền hình Hưng Yên", ("hytv", "tv"))
    assert manifest["name"] == "Báo và Phát thanh, Truyền hình Hưng Yên"
    assert manifest["short_name"] == "Lên sóng"
    assert manifest_of("Đài Hưng Yên", ("hytv", "tv"))["short_name"] == "Đài Hưng Yên"
    assert (manifest["lang"], manifest["display"], manifest["id"]) == ("vi", "standalone", "/")
    assert (manifest["start_url"], manifest["scope"]) == ("/", "/")
    assert manifest["theme_color"] == manifest["background_color"] == "#f5f6f8"
    assert set(manifest["color_scheme_dark"].values()) == {"#0e1116"}


@pytest.mark.parametrize(
    ("kinds", "urls"),
    [
        (["tv"], ["/xem/a"]),
        (["tv", "tv", "tv", "tv", "radio"], ["/xem/a", "/nghe/e", "/xem/b", "/xem/c"]),
        (["radio", "radio"], ["/nghe/a", "/nghe/b"]),
    ],
)
def test_shortcuts_lead_to_television_and_radio_first(kinds: list[str], urls: list[str]) -> None:
    channels = [(slug, kind) for slug, kind in zip("abcde", kinds, strict=False)]
    shortcuts = manifest_of("Đài", *channels)["shortcuts"]
    assert [one["url"] for one in shortcuts] == urls
    assert shortcuts[0]["name"] == ("Xem Kênh a" if kinds[0] == "tv" else "Nghe Kênh a")


def test_its_icons_are_there_as_large_as_it_says_and_small_in_bytes() -> None:
    manifest = manifest_of("Đài", ("hytv", "tv"))
    assert {one["purpose"] for one in manifest["icons"]} == {"any", "maskable"}
    assert {one["sizes"] for one in manifest["icons"]} == {"192x192", "512x512"}
    files = {one["src"]: one["sizes"] for one in manifest["icons"]}
    for src, sizes in {**files, "/apple-touch-icon.png": "180x180"}.items():
        data = (PUBLIC / src[1:]).read_bytes()
        width, height = struct.unpack_from(">II", data, 16)  # PNG's first chunk is its header
        assert (data[:4], f"{width}x{height}") == (b"\x89PNG", sizes), src
        assert len(data) < 25_000

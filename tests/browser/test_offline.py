"""What the browser keeps: the second visit, no network, a new release, and the way back."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ROOT, Station, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

MOVING = "(() => { const m = document.querySelector('video, audio');"
MOVING += " return !!m && !m.paused && m.readyState >= 3 && m.currentTime > 0; })()"
IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
IOS += " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
EVERYTHING = ("uncaught", "dialog", "policy", "console", "stranger")
OFFER = """(() => {
  const offer = new Event('beforeinstallprompt', {cancelable: true});
  let choose;
  Object.assign(offer, {prompt: async () => choose({outcome: window.choice}),
    userChoice: new Promise(resolve => { choose = resolve; })});
  return window.dispatchEvent(offer);
})()"""
KEPT = "document.documentElement.dataset.kept === 'yes'"
LOADED = """['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type)).map(e =>
  ({path: new URL(e.name).pathname, bytes: e.transferSize, worker: e.workerStart > 0,
              from: e.workerFinalSourceType}))"""
CACHES = "caches.keys().then(names => names.filter(name => name.startsWith('lensong-')))"


def static_requests(station: Station) -> int:
    """Return how many files of the page the origin has sent."""
    with urllib.request.urlopen(station.metrics) as answer:  # noqa: S310
        text = answer.read().decode()
    found = re.findall(
        r'^lensong_http_requests_total\{.*handler="static".*\} (.+)$', text, re.MULTILINE
    )
    return int(sum(map(float, found)))


def another_release(folder: Path, *, change: str) -> Path:
    """Make another release: the origin's code, and a page of which a chunk has another name.

    Its HTML says so in an attribute.
    """
    for name in ("origin", "core"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    dist = folder / "player_web" / "dist"
    shutil.copytree(ROOT / "player_web" / "dist", dist)
    code = (dist / "sw.js").read_text()
    build, end = json.JSONDecoder().raw_decode(code, len("const BUILD="))
    (chunk,) = (dist / one[1:] for one in build["files"] if f"/{change}-" in one)
    new = chunk.with_name(f"{change}-Another1.js")
    for suffix in ("", ".br", ".gz"):
        chunk.with_name(chunk.name + suffix).rename(new.with_name(new.name + suffix))
    page = (dist / "index.html").read_text().replace("<html ", '<html data-release="2" ')
    for path in dist.glob("index.html*"):
        path.unlink()
    (dist / "index.html").write_text(page)
    digest = f"sha256-{base64.b64encode(hashlib.sha256(page.encode()).digest()).decode()}"
    files = [f"/assets/{new.name}" if one.endswith(chunk.name) else one for one in build["files"]]
    build |= {"name": "second", "digest": digest, "files": files}
    (dist / "sw.js").write_text(f"const BUILD={json.dumps(build)}{code[end:]}")
    return folder


@pytest.fixture(scope="module", name="keeper")
def _keeper(visitor: Visitor) -> Visitor:
    """Return a browser that has kept the page; its first visit is over."""
    visitor.open("/xem/hytv", workers=True)
    visitor.wait(KEPT, seconds=60)
    visitor.wait(MOVING)
    return visitor


def test_the_second_visit_asks_for_media_only(station: Station, keeper: Visitor) -> None:
    visitor = keeper
    before = static_requests(station)
    visitor.do("go", url=f"{station.site}/xem/hytv?x=1")
    visitor.wait(MOVING)
    visitor.wait(KEPT)
    loaded: list[dict[str, Any]] = visitor.see(LOADED)
    page, *others = loaded
    assert (page["worker"], page["bytes"]) == (True, 0)
    assets = [one for one in others if one["path"].startswith("/assets/")]
    assert len(assets) > 8
    assert {(one["from"], one["bytes"]) for one in assets} == {("cache", 0)}
    rest = [one for one in others if one not in assets]
    assert {one["path"].split("/")[1] for one in rest} >= {"api", "live", "media"}
    assert {one["from"] for one in rest} == {"network"}
    # But for what the browser itself wants: the worker, to compare it, the lock screen's picture.
    assert static_requests(station) - before <= 4 < len(assets)
    visitor.do("click", selector=".gear")
    visitor.wait("!!document.querySelector('dialog.settings[open]')")
    assert visitor.complaints(*EVERYTHING) == []


def test_without_a_network_the_app_opens_and_says_so_and_comes_back(
    station: Station, keeper: Visitor
) -> None:
    visitor = keeper
    visitor.do("network", offline=True)
    visitor.do("go", url=f"{station.site}/xem/hytv")
    visitor.wait_for_text("Mất kết nối mạng")
    visitor.wait_for_text("LS-O1")
    visitor.do("click", selector="header .brand")  # the list is still there, or is not
    visitor.wait("location.pathname === '/'")
    visitor.wait("document.querySelector('main').innerText.includes('Mất kết nối mạng')")
    assert visitor.do("axe") == []
    visitor.do("network")
    visitor.wait("!document.querySelector('main').innerText.includes('Mất kết nối mạng')")
    visitor.do("go", url=f"{station.site}/xem/hytv")
    visitor.wait(MOVING)
    # Where the site is gone, but not the network, and for a page that is not kept.
    station.stop_origin()
    visitor.do("go", url=f"{station.site}/lich")
    visitor.wait_for_text("Chưa tải được")
    visitor.do("go", url=f"{station.site}/tv")
    visitor.wait_for_text("Không có mạng")
    assert "No network" in visitor.see("document.body.innerText")
    assert visitor.do("axe") == []
    visitor.do("resize", width=320, height=568)
    assert visitor.see("document.documentElement.scrollWidth") == 320
    visitor.do("click", selector="button")
    visitor.wait_for_text("Không có mạng")
    station.start_origin()
    visitor.wait("!document.body.innerText.includes('Không có mạng')", seconds=30)
    assert visitor.see("location.pathname") == "/tv"
    assert visitor.complaints("uncaught", "dialog", "policy", "stranger") == []


def test_a_new_release_comes_with_the_next_visit_but_one_and_the_open_page_keeps_its_files(
    station: Station, keeper: Visitor, tmp_path: Path
) -> None:
    visitor = keeper
    visitor.do("go", url=f"{station.site}/xem/hytv")
    visitor.wait(MOVING)
    release = another_release(tmp_path / "release", change="help_dialog")
    station.stop_origin()
    station.start_origin(release)
    visitor.do("reload")  # with the old release; the browser finds the new one meanwhile
    assert visitor.see("document.documentElement.dataset.release") is None
    visitor.wait(f"{CACHES}.then(names => names.includes('lensong-second'))", seconds=60)
    visitor.wait("navigator.serviceWorker.ready.then(r => !r.installing && !r.waiting)")
    visitor.wait(MOVING)
    assert visitor.see("caches.match('/assets/help_dialog-Another1.js').then(kept => !!kept)")
    visitor.do("key", key="?")  # its file is no longer on the server
    visitor.wait("!!document.querySelector('dialog.help[open]')")
    helps = [one for one in visitor.see(LOADED) if "/help_dialog-" in one["path"]]
    assert [one["from"] for one in helps] == ["cache"]
    visitor.do("key", key="Escape")
    visitor.do("reload")
    assert visitor.see("document.documentElement.dataset.release") == "2"
    visitor.wait(MOVING)
    assert len(visitor.see(CACHES)) == 2
    assert visitor.complaints("uncaught", "dialog", "policy", "stranger") == []
    # The way back: what `keep_app = false` sends takes everything away, itself too.
    (release / "player_web/dist/sw.js").write_bytes(
        (ROOT / "player_web/dist/sw-farewell.js").read_bytes()
    )
    station.stop_origin()
    station.start_origin(release)
    visitor.do("reload")
    visitor.wait(f"{CACHES}.then(names => names.length === 0)", seconds=60)
    visitor.wait("navigator.serviceWorker.getRegistration().then(one => !one)")
    station.stop_origin()
    station.start_origin()
    visitor.do("reload")
    visitor.wait(MOVING)
    assert visitor.see(LOADED)[0]["worker"] is False


def test_installing_is_offered_quietly_and_not_again_after_a_no(visitor: Visitor) -> None:
    visitor.open("/", width=390, height=844)
    visitor.wait("!!document.querySelector('.tile')")
    assert visitor.see("document.querySelector('.install')") is None
    manifest = visitor.see(
        "fetch(document.querySelector('[rel=manifest]').href).then(a => a.json())"
    )
    assert manifest["name"] == "Báo và Phát thanh, Truyền hình Hưng Yên"
    assert [one["url"] for one in manifest["shortcuts"]][:2] == ["/xem/hytv", "/nghe/hyfm"]
    assert visitor.see(OFFER) is False  # the browser's own bar stays away
    visitor.wait_for_text("Cài Lên sóng thành ứng dụng")
    assert visitor.do("axe") == []
    visitor.see("document.querySelector('.install [aria-label=\"Để sau\"]').focus()")
    visitor.do("key", key="Enter")
    visitor.wait("!document.querySelector('.install')")
    assert visitor.see("document.activeElement.tagName") == "MAIN"
    visitor.do("reload")
    visitor.wait("!!document.querySelector('.tile')")
    visitor.see(OFFER)
    visitor.do("click", selector="header .options")
    visitor.wait("!!document.querySelector('dialog .install.entry .primary')")
    assert visitor.see("document.querySelectorAll('.install').length") == 1  # here alone
    assert visitor.do("axe") == []
    visitor.see("window.choice = 'accepted'")
    visitor.do("click", selector="dialog .install .primary")
    visitor.wait_for_text("Đã cài ứng dụng.")
    assert visitor.complaints(*EVERYTHING) == []
    # iOS has no question to ask: words tell how.
    visitor.open("/", script="navigator.standalone = false", width=390, height=844, agent=IOS)
    visitor.wait_for_text("Thêm vào Màn hình chính")
    assert visitor.see("document.querySelector('.install .primary')") is None

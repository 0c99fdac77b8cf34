"""Sharing: the dialog in the page, and the player in a frame on somebody else's page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.conftest import Station, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

FIELD = "document.querySelector('dialog.share #{}')?.value"
SAID = "document.querySelector('dialog.share .said').textContent"


@contextmanager
def newspaper(html: str) -> Iterator[str]:
    """Serve a page of somebody else's; another port is another origin."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = html.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_newspaper_shows_the_player_and_nothing_else_of_ours(
    station: Station, visitor: Visitor
) -> None:
    frames = "".join(
        f'<iframe src="{station.site}{path}" width="640" height="416" title="x" '
        'allow="autoplay; fullscreen"></iframe>'
        for path in ("/embed/hytv?autoplay=1", "/embed/hyfm", "/xem/hytv")
    )
    with newspaper(f'<!doctype html><html lang="vi"><title>Báo</title>{frames}') as address:
        visitor.do("open", url=address)
        playing = "document.querySelector('video')?.currentTime > 0"
        visitor.do("wait", expression=playing, frame=1, seconds=40)
        assert visitor.do("see", expression="document.querySelector('video').muted", frame=1)
        way = "document.querySelector('a.way-out').href"
        assert visitor.do("see", expression=way, frame=1) == f"{station.site}/xem/hytv"
        shown = "document.querySelector('lensong-guide')?.checkVisibility() ?? false"
        assert not visitor.do("see", expression=shown, frame=1)
        # The radio waits to be asked.
        asked = "document.querySelector('button.big')?.getAttribute('aria-label')"
        visitor.do("wait", expression=f"{asked} === 'Bấm để nghe'", frame=2)
        assert not visitor.do("see", expression="Boolean(document.querySelector('audio'))", frame=2)
        # The whole page will not be framed, so nobody is led to click what is not seen.
        assert any("frame-ancestors" in text for text in visitor.complaints("policy"))
        requests = visitor.do("requests")
        assert not any("/xem/" in one and "media" in one for one in requests)


def test_the_embedded_player_starts_at_a_touch_and_is_accessible(visitor: Visitor) -> None:
    visitor.open("/embed/hyfm", width=320, height=232)
    visitor.wait("document.querySelector('button.big') !== null")
    assert visitor.do("axe") == []
    visitor.do("click", selector="button.big")
    visitor.wait("document.querySelector('audio')?.currentTime > 0", seconds=40)
    assert visitor.do("axe") == []
    assert visitor.see("document.documentElement.scrollWidth <= 320")
    assert visitor.see("document.activeElement.matches('.bar .play')")
    assert visitor.complaints("policy", "uncaught", "console", "stranger") == []


def test_sharing_gives_links_and_says_that_they_are_copied(
    station: Station, visitor: Visitor
) -> None:
    visitor.open("/xem/hytv")
    visitor.wait("!!document.querySelector('.stage.moving')", seconds=40)
    visitor.do("key", key="s")
    visitor.wait("document.querySelector('dialog.share')?.open === true")
    assert visitor.do("axe", selector="dialog.share") == []
    assert visitor.see(FIELD.format("share-channel")) == f"{station.site}/xem/hytv"
    moment = visitor.see(FIELD.format("share-moment"))
    assert moment.startswith(f"{station.site}/xem/hytv?t=20")
    assert f'src="{station.site}/embed/hytv"' in visitor.see(FIELD.format("share-embed"))
    visitor.do("click", selector="dialog.share .row:nth-of-type(2) button")
    visitor.wait(f"{SAID}.startsWith('Đã chép. Từ đúng lúc này')")
    # By keyboard: Escape closes, the button opens again, and has the focus afterwards.
    visitor.do("key", key="Escape")
    visitor.wait("document.querySelector('dialog.share') === null")
    visitor.see("document.querySelector('.share-button').focus()")
    visitor.do("key", key="Enter")
    visitor.wait("document.querySelector('dialog.share')?.open === true")
    visitor.do("resize", width=320, height=600)
    dialog = "document.querySelector('dialog.share')"
    assert visitor.see(f"{dialog}.scrollWidth <= {dialog}.clientWidth")
    visitor.do("key", key="Escape")
    visitor.wait("document.querySelector('dialog.share') === null")
    visitor.wait("document.activeElement.matches('.share-button')")
    # What was copied is the link: it is pasted where one can write.
    visitor.see("document.querySelector('lensong-search input').focus()")
    visitor.do("key", key="Control+V")
    visitor.wait(f"document.querySelector('lensong-search input').value === {moment!r}")
    assert visitor.complaints("policy", "uncaught", "console", "stranger") == []

"""monitoring.runbooks: each alert has one, it names commands that exist, and it is a page."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.config import Settings, parse_settings
from monitoring.alerting import alerts_of, rule_groups
from monitoring.home import render_home
from monitoring.http import pages_application
from monitoring.own_alerts import OWN_NAMES
from monitoring.runbooks import RUNBOOKS, load_runbooks, render_runbook, runbook_routes

ALERTS = sorted({alert.name for alert in alerts_of(rule_groups())} | OWN_NAMES)
TEXTS = load_runbooks()


def settings() -> Settings:
    text = '[station]\nname = "Đài thử"\n[[channels]]\nslug = "hytv"\nname = "TV"\nkind = "tv"\n'
    return parse_settings(text, name="test")


class Outline(HTMLParser):
    """Collects a page's headings, and complains of what is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.language = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a heading."""
        if tag == "html":
            self.language = str(dict(attrs)["lang"])
        if re.fullmatch(r"h\d", tag):
            self.headings.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        assert self.open.pop() == tag


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    assert sorted(TEXTS) == ALERTS


@pytest.mark.parametrize("name", ALERTS)
def test_a_runbook_says_what_to_do_in_vietnamese_and_sums_it_up_in_english(name: str) -> None:
    text = TEXTS[name]
    assert text.startswith(f"# {name}: ")
    parts = ("**Người xem:** ", "## Xem ở đâu", "## Làm gì", "## Khi nào xong", "## English")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert unicodedata.is_normalized("NFC", text)
    assert len(text) < 3000  # it is read at night


@pytest.mark.timeout(60)
def test_commands_of_the_runbooks_exist() -> None:
    named = {
        words
        for text in TEXTS.values()
        for words in re.findall(
            r"`lensong ([a-z-]+(?: (?:report|verify|rebuild|import|show|new))?)", text
        )
    }
    assert {"status", "archive verify", "key new", "guide import", "take"} <= named
    usage = "".join(
        subprocess.run(
            [sys.executable, "-m", "lensong", *words, "--help"],
            cwd=RUNBOOKS.parent.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for words in ([], ["archive"], ["guide"], ["key"])
    )
    missing = {word for words in named for word in words.split() if word not in usage}
    assert missing == set()


def test_a_runbook_is_a_page_with_headings_in_order() -> None:
    page = Outline(render_runbook(TEXTS["ChannelOffAir"]))
    assert page.language == "vi"
    assert page.headings == ["h1", "h2", "h2", "h2", "h2"]


def test_what_a_runbook_says_of_html_is_text() -> None:
    page = render_runbook("# A: <b>\n\n<script>alert(1)</script>\n\n## English\n\nx\n")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<h1>A: &lt;b&gt;</h1>" in page


async def test_runbooks_are_served_by_the_alerts_name() -> None:
    async def home() -> str:
        return "home"

    app = pages_application(runbook_routes(TEXTS), home)
    async with TestClient(TestServer(app)) as client:
        async with client.get("/runbooks/EncoderSlow") as answer:
            assert answer.status == 200
            text = await answer.text()
        assert "<h1>EncoderSlow: bộ mã hoá không theo kịp</h1>" in text
        assert '<section lang="en">' in text
        async with client.get("/runbooks/Nothing") as answer:
            assert answer.status == 404
            assert 'href="/runbooks/EncoderSlow"' in await answer.text()
        async with client.get("/runbooks") as answer:
            assert (await answer.text()).count("<li>") == len(ALERTS)


def test_the_first_page_leads_to_the_runbooks() -> None:
    assert 'href="/runbooks"' in render_home(settings(), (), ())

"""Runbooks: what to do about an alert, from ``docs/runbooks/`` to pages for operators."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from aiohttp import web
from markdown_it import MarkdownIt

from monitoring.page import render_page

__all__ = ["load_runbooks", "render_index", "render_runbook", "runbook_routes"]

RUNBOOKS: Final = Path(__file__).parent.parent / "docs" / "runbooks"

_ENGLISH: Final = "\n## English\n"
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False})


def render_runbook(text: str) -> str:
    """Return a runbook as an HTML page.

    Args:
        text: Markdown: a first line ``# Title``, Vietnamese, and below ``## English`` English.
    """
    first, _, body = text.partition("\n")
    vietnamese, _, english = body.partition(_ENGLISH)
    return render_page(
        first.removeprefix("# ").strip(),
        f"{_MARKDOWN.render(vietnamese)}"
        f'<section lang="en"><h2>English</h2>{_MARKDOWN.render(english)}</section>'
        '<p><a href="/runbooks">Mọi cảnh báo / all alerts</a></p>',
    )


def render_index(titles: Mapping[str, str]) -> str:
    """Return the page that lists every runbook.

    Args:
        titles: By the alert's name.
    """
    items = "".join(
        f'<li><a href="/runbooks/{escape(name)}">{escape(title)}</a></li>'
        for name, title in sorted(titles.items())
    )
    return render_page("Sổ tay xử lý cảnh báo / runbooks", f"<ul>{items}</ul>")


def load_runbooks(folder: Path = RUNBOOKS) -> dict[str, str]:
    """Read every runbook; return Markdown by the alert's name.  It reads files."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}


def runbook_routes(texts: Mapping[str, str]) -> list[web.RouteDef]:
    """Return ``/runbooks`` and ``/runbooks/{alert}``.

    Args:
        texts: What :func:`load_runbooks` gave.
    """
    pages = {name: render_runbook(text) for name, text in texts.items()}
    titles = {
        name: text.partition("\n")[0].removeprefix("# ").strip() for name, text in texts.items()
    }
    index = render_index(titles)

    async def answer_index(_: web.Request) -> web.Response:
        return web.Response(text=index, content_type="text/html")

    async def answer(request: web.Request) -> web.Response:
        page = pages.get(request.match_info["alert"])
        if page is None:
            return web.Response(status=404, text=index, content_type="text/html")
        return web.Response(text=page, content_type="text/html")

    return [web.get("/runbooks", answer_index), web.get("/runbooks/{alert}", answer)]

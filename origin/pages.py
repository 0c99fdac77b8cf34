"""The addresses of the web app: one line of a table each.  Sans-I/O."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = ["NOT_FOUND", "NOT_FOUND_POLICY", "PAGES", "POLICY", "Page", "find_page", "fixed_pages"]

POLICY: Final = (
    "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {framed_by}; object-src 'none'"
)

_STEPS: Final = {
    "{channel}": "(?P<channel>[a-z0-9-]{1,32})",
    "{programme}": "(?P<programme>[a-z0-9-]{1,64})",
    "{clip}": "(?P<clip>[a-z0-9-]{1,80})",
    "{series}": "(?P<series>[a-z0-9-]{1,64})",
    "{day}": "(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})",
}
"""What may stand for a step.  A channel must be one of the station's; whether the others are there
is the page's to say, since it can say it in words."""


@dataclass(frozen=True, slots=True)
class Page:
    """One kind of address."""

    address: str
    """Its path, with the names of :data:`_STEPS` where something else may stand."""

    file: str = "index.html"
    """Which HTML file of the build is sent; where there is none, the address is unknown."""

    framed: bool = False
    """Pages of others may show it in a frame."""

    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the address."""
        text = re.sub(r"\{[a-z]+\}", lambda match: _STEPS[match[0]], self.address)
        object.__setattr__(self, "pattern", re.compile(text))

    @property
    def policy(self) -> str:
        """Content-Security-Policy."""
        return POLICY.format(framed_by="*" if self.framed else "'self'")


PAGES: Final = (
    Page("/"),
    Page("/xem/{channel}"),
    Page("/xem/{channel}/{programme}"),
    Page("/nghe/{channel}"),
    Page("/nghe/{channel}/{programme}"),
    Page("/lich"),
    Page("/lich/{channel}"),
    Page("/lich/{channel}/{day}"),
    Page("/tim"),
    Page("/nghe-lai"),
    Page("/nghe-lai/{series}"),
    Page("/clip/{clip}"),
    Page("/cai-dat"),
    Page("/tv", file="tv.html"),
    Page("/tv/{channel}", file="tv.html"),
    Page("/embed/clip/{clip}", file="embed.html", framed=True),
    Page("/embed/{channel}", file="embed.html", framed=True),
    Page("/embed/{channel}/{programme}", file="embed.html", framed=True),
)
"""Whatever the web app has an address for.  The first that fits is taken."""


def fixed_pages(channels: Iterable[str]) -> Iterator[tuple[str, Page, str]]:
    """Return each address that is known beforehand, and its channel: it names nothing else."""
    slugs = tuple(channels)
    for page in PAGES:
        if "{" not in page.address.replace("{channel}", ""):
            named = slugs if "{channel}" in page.address else ("",)
            yield from ((page.address.replace("{channel}", slug), page, slug) for slug in named)


def find_page(path: str) -> tuple[Page, dict[str, str]] | None:
    """Return the page of an address, and what its steps say; None if it is no page's.

    Whether there is such a channel is not asked.
    """
    for page in PAGES:
        if match := page.pattern.fullmatch(path):
            return page, match.groupdict()
    return None


_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:36rem;margin:0 auto;"
    "padding:max(3rem,15vh) 1.25rem 3rem}"
    "h1{font-size:1.75rem;line-height:1.25;margin:0 0 .5rem}"
    "p{margin:0 0 1rem}"
    "a{display:inline-block;min-height:44px;line-height:44px;padding:0 1.25rem;border-radius:8px;"
    "background:#b3261e;color:#fff;font-weight:600;text-decoration:none}"
    "a:focus-visible{outline:3px solid currentColor;outline-offset:3px}"
    "[lang=en]{opacity:.85}"
)

NOT_FOUND: Final = f"""<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Không có trang này</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Không có trang này</h1>
<p>Địa chỉ có thể đã gõ nhầm, hoặc kênh hay chương trình này không còn nữa.</p>
<p lang="en">There is no such page. The address may be mistyped, or the channel or programme
is no longer here.</p>
<p><a href="/">Về trang chính <span lang="en">· Home</span></a></p>
</main>
</body>
</html>
""".encode()
"""What a browser is shown at an address that is nobody's."""

NOT_FOUND_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
"""Its style stands in the page, so that it needs nothing of a build that may be missing."""

"""Answers that are whole documents: with a validator, plain and in gzip's form.  Sans-I/O."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from origin.preparation import pack
from origin.prepared import Prepared, Resource, prepare

__all__ = ["JSON_TYPE", "document", "json_document", "kept_for", "still_has"]

JSON_TYPE: Final = "application/json"

_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e]*")')


def kept_for(seconds: int) -> str:
    """Return a Cache-Control that lets browsers and shared caches keep an answer."""
    return f"max-age={seconds}, s-maxage={seconds}"


def document(
    data: bytes,
    *,
    content_type: str,
    cache_control: str,
    handler: str = "api",
    packed: bool = True,
    vary: Iterable[str] = (),
    extra: Iterable[tuple[str, str]] = (),
) -> Resource:
    """Make the answers that send ``data``.

    Args:
        data: The document.
        content_type: What it is.
        cache_control: How long it is kept.
        handler: Label of the metrics.
        packed: There is a form in gzip, for those who accept it.
        vary: Request headers on which the answer depends, but ``Accept-Encoding``.
        extra: Further headers.
    """
    names = [*vary, *(["Accept-Encoding"] if packed else [])]
    more = (*([("Vary", ", ".join(names))] if names else []), *extra)
    form = partial(
        prepare,
        content_type=content_type,
        cache_control=cache_control,
        handler=handler,
        channel="",
    )
    identity = form(data, extra=(("ETag", _tag(data)), *more))
    if not packed:
        return Resource(identity)
    short = pack(data)
    headers = (("Content-Encoding", "gzip"), ("ETag", _tag(short)), *more)
    return Resource(identity, form(short, extra=headers))


def json_document(answer: Any, *, cache_control: str) -> Resource:
    """Make the answers that send a value as JSON."""
    data = json.dumps(answer, ensure_ascii=False).encode()
    return document(data, content_type=JSON_TYPE, cache_control=cache_control)


def still_has(prepared: Prepared, if_none_match: str) -> bool:
    """Tell whether a client that sent ``If-None-Match`` has this very answer.

    **Source:** RFC 9110, 13.1.2: a weak comparison, and "*" matches whatever there is.
    """
    tag = dict(prepared.headers).get("ETag")
    if tag is None or prepared.status != 200:  # noqa: PLR2004
        return False
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)


def _tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:20]}"'

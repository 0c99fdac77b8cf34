"""A guide as a stranger would write it, to break whoever reads it on."""

from __future__ import annotations

from core.guide import GuideSnapshot, Programme

__all__ = ["HOSTILE", "hostile_snapshot"]

HOSTILE = (
    "Dấu \"nháy\" và 'phẩy'",
    "]]> <![CDATA[ x ]]>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&amp; &bogus; &#0; %d",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f4fa",
    "\u202egnp.exe\u200f \u2066ẩn\u2069",
    "một\r\n#EXTM3U\nhttp://evil.example/",
    "\x00\x01\x1b[31m\x85\x9b\ufffe\uffff\ud800",
    "</title></programme></tv>",
    "Chữ dài " * 1_250,  # 10 kB
    "   ",
    "Cải lương: Tiếng trống Mê Linh",
)


def hostile_snapshot(channel: str, start_s: int) -> GuideSnapshot:
    """Return a guide with one hour for each text of :data:`HOSTILE`, in every field."""
    return GuideSnapshot(
        channel=channel,
        programmes=tuple(
            Programme(
                id=f"{channel}-{number}",
                channel=channel,
                start_s=start_s + 3_600 * number,
                end_s=start_s + 3_600 * (number + 1),
                title=text,
                subtitle=text,
                description=text,
                categories=(text, "Tin tức", ""),
                episode=text,
                image=f"https://anh.example/{text}" if number % 2 else f"javascript:{text}",
            )
            for number, text in enumerate(HOSTILE)
        ),
    )

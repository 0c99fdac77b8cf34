"""What a message says, in Vietnamese and English, as a mail and as a webhook's JSON.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from monitoring.alert_book import Message, Told

__all__ = ["Letter", "Writer"]

_STAGES: Final = {
    "input": "tín hiệu vào / input",
    "switcher": "bộ chuyển nguồn / switcher",
    "encoder": "bộ mã hoá / encoder",
    "packager": "đóng gói / packager",
    "archive": "kho lưu / archive",
    "origin": "máy chủ phát / origin",
    "player": "máy người xem / player",
    "monitoring": "hệ thống theo dõi / monitoring",
}
_HEADS: Final = {
    ("fired", "page"): "[KHẨN / PAGE]",
    ("fired", "ticket"): "[Cần xem / ticket]",
    ("again", "page"): "[VẪN CÒN / STILL]",
    ("again", "ticket"): "[Vẫn còn / still]",
    ("cleared", "page"): "[ĐÃ HẾT / CLEAR]",
    ("cleared", "ticket"): "[Đã hết / clear]",
}
_TEST_HEAD: Final = "[Thử / test]"
_TEST_TEXT: Final = (
    "Đây là cảnh báo thử hằng tuần. Nhận được nghĩa là đường báo động còn thông; không cần làm gì."
    "\nThis is the weekly test alert. That it came shows that alerts reach you; there is nothing"
    " to do."
)
_UNHEARD: Final = (
    "không còn nghe gì về việc này, chưa chắc đã hết / nothing more is heard of it; it may not be"
    " over"
)
_MAX_SUBJECT: Final = 150


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words."""

    subject: str
    text: str


class Writer:
    """Puts messages into words for one station."""

    def __init__(
        self, *, station: str, channels: Mapping[str, str], zone: tzinfo, pages_url: str
    ) -> None:
        """Prepare.

        Args:
            station: Its name.
            channels: Names of the channels by slug.
            zone: Of the clock times.
            pages_url: Where the operators' pages are, without a slash at the end.
        """
        self._station, self._channels, self._zone = station, dict(channels), zone
        self._pages_url = pages_url

    def letter(self, message: Message) -> Letter:
        """Return the message as people read it."""
        if message.kind == "test":
            body = f"{_TEST_TEXT}\n\n{self._clock(message.made_s)}\n{self._pages_url}/\n"
            return Letter(f"{_TEST_HEAD} {self._station}", body)
        head = _HEADS[message.kind, message.severity]
        what = ", ".join(dict.fromkeys(self._short(told) for told in message.alerts))
        subject = f"{head} {what}"
        if len(subject) > _MAX_SUBJECT:
            subject = f"{head} {len(message.alerts)} cảnh báo / alerts, {what}"[:_MAX_SUBJECT]
        parts = [self._paragraph(told) for told in message.alerts]
        foot = f"-- \n{self._station} · Lensong · {self._pages_url}/\n"
        return Letter(subject, "\n\n".join([*parts, foot]))

    def values(self, message: Message) -> dict[str, Any]:
        """Return the message as the JSON values of a webhook; ``text`` is what chats show."""
        letter = self.letter(message)
        return {
            "version": 1,
            "kind": message.kind,
            "severity": message.severity,
            "station": self._station,
            "subject": letter.subject,
            "text": f"{letter.subject}\n\n{letter.text}",
            "alerts": self.alerts(message.alerts),
        }

    def alerts(self, alerts: Iterable[Told]) -> list[dict[str, Any]]:
        """Return the JSON values of alerts."""
        return [self._alert(told) for told in alerts]

    def _alert(self, told: Told) -> dict[str, Any]:
        alert = told.alert
        return {
            "name": alert.name,
            "severity": alert.severity,
            "stage": alert.stage,
            "channel": alert.channel,
            "labels": dict(alert.labels),
            "summary": alert.text("summary"),
            "action": alert.text("action"),
            "runbook_url": self._runbook(told),
            "began": self._moment(told.began_s).isoformat(timespec="seconds"),
            "ended": None
            if told.ended_s is None
            else self._moment(told.ended_s).isoformat(timespec="seconds"),
            "ending": told.ending,
        }

    def _short(self, told: Told) -> str:
        channel = told.alert.channel
        return f"{channel}: {told.alert.name}" if channel else told.alert.name

    def _paragraph(self, told: Told) -> str:
        alert = told.alert
        lines = [alert.text("summary") or alert.name]
        if alert.channel:
            name = self._channels.get(alert.channel)
            lines.append(
                f"Kênh / channel: {f'{name} ({alert.channel})' if name else alert.channel}"
            )
        if alert.stage:
            lines.append(f"Khâu / stage: {_STAGES.get(alert.stage, alert.stage)}")
        others = ", ".join(f"{key} {value}" for key, value in alert.labels if key != "channel")
        if others:
            lines.append(f"Chi tiết / details: {others}")
        lines.append(f"Từ / since: {self._clock(told.began_s)}")
        if told.ended_s is not None:
            ended = self._clock(told.ended_s)
            minutes = max(0, round((told.ended_s - told.began_s) / 60))
            lines.append(f"Đến / until: {ended} ({minutes} phút / min)")
            if told.ending == "unheard":
                lines.append(_UNHEARD)
        elif alert.text("description"):
            lines.append(alert.text("description"))
        if told.ended_s is None and alert.text("action"):
            lines.append(f"Làm gì / what to do: {alert.text('action')}")
        lines.append(f"Hướng dẫn / runbook: {self._runbook(told)}")
        return "\n".join(lines)

    def _runbook(self, told: Told) -> str:
        return told.alert.text("runbook_url") or f"{self._pages_url}/runbooks/{told.alert.name}"

    def _moment(self, unix_s: float) -> datetime:
        return datetime.fromtimestamp(unix_s, self._zone)

    def _clock(self, unix_s: float) -> str:
        return self._moment(unix_s).strftime("%H:%M:%S %d/%m/%Y (%Z)")

"""Alerts come in, messages go out, and nothing of either is lost (I/O shell).

What is held and what waits for a receiver lies in ``{data_dir}/alerts.json``, written anew whenever
a message is made or delivered: whoever kills this process delays a mail, and loses none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge

from core.admin_calls import AdminCalls
from core.clock import unix_ns
from core.config import Settings
from core.durable import write_durably
from core.errors import FormatError, InputError
from core.tasks import supervise
from monitoring.alert_book import AlertBook, Message, Report, Told
from monitoring.alert_forms import parse_alerts
from monitoring.alert_outbox import Outbox, Parcel
from monitoring.alert_text import Writer
from monitoring.observer import look_around
from monitoring.own_alerts import OwnAlerts
from monitoring.receivers import Receiver, wants
from monitoring.runbooks import load_runbooks
from monitoring.silences import Silence, Silences, read_silence
from monitoring.weekly import last_due_s

__all__ = ["AlertDesk"]

log = structlog.get_logger()

_LOOK_S: Final = 5.0
_TURN_S: Final = 0.5
_RESULTS: Final = ("delivered", "failed", "given_up")
_PROMETHEUS: Final = "prometheus"
_OURS: Final = "lensong"


class AlertDesk:
    """The book, the outbox, and who is told."""

    def __init__(
        self,
        settings: Settings,
        receivers: Mapping[str, Receiver],
        registry: CollectorRegistry,
        *,
        secret: str,
        note: Callable[[Message], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing is sent before :meth:`run`.  Reads the host's time zones.

        Args:
            settings: Channels, texts, ports.
            receivers: Who is told, by name.
            registry: Where deliveries are counted.
            secret: The internal secret, for the questions to the processes.
            note: Is given every message that is made, for the day's sheet.
        """
        self._receivers = dict(receivers)
        self._secret, self._note = secret, note
        self._book, self._outbox = AlertBook(), Outbox()
        self._own, self._silences = OwnAlerts(), Silences()
        self._tested_s = 0.0
        self._file = settings.paths.data_dir / "alerts.json"
        self._writing = asyncio.Lock()
        self._deliveries = Counter(
            "lensong_alert_deliveries_total",
            "Attempts to hand an alert's message to a receiver",
            ("receiver", "result"),
            registry=registry,
        )
        for name in self._receivers:
            for result in _RESULTS:
                self._deliveries.labels(name, result)
        firing = Gauge(
            "lensong_alerts_firing",
            "Alerts that fire now, of Prometheus and of the platform's own",
            ("severity",),
            registry=registry,
        )
        for severity in ("page", "ticket"):
            firing.labels(severity).set_function(partial(self._count, severity))
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Use these channels and texts from now on.  Reads the host's time zones."""
        self._settings = settings
        self._zone = ZoneInfo(settings.station.timezone)
        self._writer = Writer(
            station=settings.station.name,
            channels={channel.slug: channel.name for channel in settings.channels},
            zone=self._zone,
            pages_url=settings.pages_url,
        )

    @property
    def firing(self) -> list[Told]:
        """What fires now, pages first."""
        return [told for told in self._book.firing if told.alert.severity != "none"]

    @property
    def silences(self) -> list[Silence]:
        """What is silenced now."""
        return self._silences.active(unix_ns() / 1e9)

    @property
    def routes(self) -> tuple[web.RouteDef, ...]:
        """The pages' routes: Alertmanager's API as far as Prometheus uses it, and a list."""
        return (
            web.post("/alerts/api/v2/alerts", self._receive),
            web.get("/alerts", self.answer_list),
        )

    async def run(self) -> None:
        """Look, decide and deliver until cancelled.  Cancelling loses no message."""
        await asyncio.to_thread(self._restore)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(supervise("own-alerts", self._look, max_pause_s=_LOOK_S))
                tasks.create_task(self._decide())
                for receiver in self._receivers.values():
                    tasks.create_task(self._deliver(receiver))
        finally:
            await self._keep()

    async def send_test(self) -> list[str]:
        """Send every receiver the test message; return their names."""
        now_s = unix_ns() / 1e9
        self._tested_s = now_s
        await self._put([Message(kind="test", severity="ticket", made_s=now_s)])
        return list(self._receivers)

    def _count(self, severity: str) -> float:
        return sum(told.alert.severity == severity for told in self._book.firing)

    async def _receive(self, request: web.Request) -> web.Response:
        # Another site's page in an operator's browser can send no such type without asking first.
        if request.content_type != "application/json":
            return web.Response(status=415, text="send application/json\n")
        try:
            reports = parse_alerts(await request.json(), unix_ns() / 1e9)
        except (FormatError, ValueError) as error:
            log.warning("alerts refused", detail=str(error))
            return web.Response(status=400, text=f"{error}\n")
        return self._take(_PROMETHEUS, reports)

    def _take(self, source: str, reports: Iterable[Report]) -> web.Response:
        refused = self._book.receive(source, reports, unix_ns() / 1e9)
        if refused:
            log.error("more alerts than can be held", refused=refused)
            return web.Response(status=503, text="too many alerts are held\n")
        return web.Response(status=200)

    async def answer_list(self, _: web.Request) -> web.Response:
        """Answer with what fires now, and what is silenced."""
        silences = [
            {
                "alert": one.alert,
                "channel": one.channel,
                "until": datetime.fromtimestamp(one.until_s, self._zone).isoformat(
                    timespec="seconds"
                ),
                "reason": one.reason,
            }
            for one in self.silences
        ]
        return web.json_response({"alerts": self._writer.alerts(self.firing), "silences": silences})

    async def answer_silence(self, request: web.Request) -> web.Response:
        """Hold an alert's messages back for a while."""
        now_s = unix_ns() / 1e9
        runbooks = await asyncio.to_thread(load_runbooks)  # each alert has one
        channels = [channel.slug for channel in self._settings.channels]
        try:
            silence = read_silence(await request.json(), now_s, alerts=runbooks, channels=channels)
            self._silences.add(silence, now_s)
        except (InputError, ValueError) as error:
            return web.Response(status=400, text=f"{error}\n")
        log.warning("silenced", alert=silence.alert, channel=silence.channel, reason=silence.reason)
        await self._keep()
        return await self.answer_list(request)

    async def answer_speak(self, request: web.Request) -> web.Response:
        """End a silence."""
        try:
            body = await request.json()
            self._silences.end(str(body["alert"]), str(body["channel"]))
        except (InputError, KeyError, TypeError, ValueError) as error:
            return web.Response(status=400, text=f"{error}\n")
        log.warning("silenced no more", alert=body["alert"], channel=body["channel"])
        await self._keep()
        return await self.answer_list(request)

    async def _look(self) -> None:
        """Judge the processes every few seconds, for ever.  Cancelling is safe."""
        host = self._settings.network.internal_host
        async with AdminCalls(host, self._secret) as calls:
            while True:
                heard_s = self._book.heard_s.get(_PROMETHEUS)
                silent_s = None if heard_s is None else unix_ns() / 1e9 - heard_s
                found = self._book.claimed(_PROMETHEUS)
                seen = await look_around(
                    self._settings,
                    calls,
                    prometheus_silent_s=silent_s,
                    prometheus=frozenset((alert.name, alert.channel) for alert in found),
                )
                self._take(_OURS, self._own.look(seen))
                await asyncio.sleep(_LOOK_S)

    async def _decide(self) -> None:
        """Make the messages that are due, for ever."""
        while True:
            now_s = unix_ns() / 1e9
            messages = self._book.due(now_s, partial(self._silences.cover, now_s=now_s))
            for message in messages:
                names = [told.alert.key for told in message.alerts]
                log.warning("alert", kind=message.kind, severity=message.severity, alerts=names)
            monitoring = self._settings.monitoring
            due_s = last_due_s(
                now_s, day=monitoring.test_day, hour=monitoring.test_hour, zone=self._zone
            )
            if due_s > self._tested_s:
                self._tested_s = now_s
                messages.append(Message(kind="test", severity="ticket", made_s=now_s))
            if messages:
                await self._put(messages)
            await asyncio.sleep(_TURN_S)

    async def _put(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._note(message)
            names = [name for name, item in self._receivers.items() if wants(item, message)]
            for parcel in self._outbox.add(message, names):
                self._gave_up(parcel)
        await self._keep()

    async def _deliver(self, receiver: Receiver) -> None:
        """Hand one receiver what waits for it, in order, for ever."""
        while True:
            parcel = self._outbox.due(unix_ns() / 1e9).get(receiver.name)
            if parcel is None:
                await asyncio.sleep(_TURN_S)
                continue
            try:
                await receiver.deliver(parcel.message, self._writer)
            except InputError as error:
                self._deliveries.labels(receiver.name, "failed").inc()
                log.warning("not delivered", receiver=receiver.name, detail=str(error))
                if self._outbox.failed(parcel, unix_ns() / 1e9):
                    self._gave_up(parcel)
            else:
                self._deliveries.labels(receiver.name, "delivered").inc()
                self._outbox.delivered(parcel)
            await self._keep()

    def _gave_up(self, parcel: Parcel) -> None:
        self._deliveries.labels(parcel.receiver, "given_up").inc()
        log.error("a message was given up", receiver=parcel.receiver, tries=parcel.tries)

    async def _keep(self) -> None:
        values = {
            "book": self._book.describe(),
            "outbox": self._outbox.describe(),
            "silences": self._silences.describe(),
            "tested_s": self._tested_s,
        }
        async with self._writing:
            try:
                await asyncio.to_thread(write_durably, self._file, json.dumps(values).encode())
            except OSError as error:  # a full disk is no reason to tell nobody of it
                log.warning("alerts are not kept", detail=str(error))

    def _restore(self) -> None:
        self._tested_s = unix_ns() / 1e9
        try:
            values: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
            self._book.restore(values["book"])
            self._outbox.restore(values["outbox"])
            self._silences.restore(values.get("silences", ()))
            self._tested_s = float(values["tested_s"])
        except FileNotFoundError:
            pass
        except (OSError, KeyError, TypeError, ValueError) as error:
            log.warning("what was known of alerts cannot be read", detail=repr(error))
            self._book, self._outbox, self._silences = AlertBook(), Outbox(), Silences()
        self._outbox.keep_only(self._receivers)

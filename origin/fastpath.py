"""Answer plain GETs of prepared bytes beneath aiohttp, and leave the rest to it (I/O shell).

A connection begins as :class:`FastConnection`.  While it carries nothing but whole, plain GETs
(``origin.request_line``) of paths in the :class:`~origin.prepared.ResponseTable`, each arriving
alone and after the answer before it has left, it is answered here: one look-up and one
``writelines``.  The first byte of anything else, and be it only the second half of a request line,
hands the connection to aiohttp with all bytes that have not been answered, and it stays aiohttp's
for life.  So no request is ever read by two parsers, and a body can never be taken for a request.

A blocking playlist reload parks the connection; the publication writes the answer to it.

Measured beside nginx in ``benchmarks/origin_throughput.py``; compared with bare aiohttp, request
by request, in ``tests/origin/test_differential.py``.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from core.clock import monotonic_ns, unix_ns
from core.errors import ConfigError
from origin import reload
from origin.connections import STATES, Connections, State, Watch, client_of
from origin.prepared import (
    BlockingPlaylist,
    Hold,
    HostForms,
    Prepared,
    Resource,
    ResponseTable,
    date_line,
    unavailable,
)
from origin.qoe import QoeDesk
from origin.qoe_requests import requested
from origin.request_line import Directives, Gate, names_moment, parse_directives
from origin.senders import NOBODY, Sender
from origin.tally import Tally

__all__ = ["FastPath", "PublicServer"]

_LOOKS_A_TURN: Final = 1_000
_LINGERING_S: Final = 2.0
"""How long aiohttp reads on when a refused request's body still comes."""

_BACKLOG: Final = 1_024
_NO_DIRECTIVES: Final = Directives()
_CMCD: Final = b"CMCD="
_QUIET_NS: Final = 1_000_000_000
"""So often is one noted who tells nothing: a playlist is asked for each few seconds."""


class _Connection(Protocol):
    """What the regular look wants of a connection."""

    def look(self, now_s: float) -> None: ...

    def state(self) -> State: ...

    def disconnect(self) -> None: ...


class FastPath:
    """What all connections of one origin share: table, counts, the date, the regular look."""

    def __init__(
        self,
        *,
        table: ResponseTable,
        tally: Tally,
        connections: Connections,
        desk: QoeDesk | None = None,
        releases_a_turn: int = 1_000,
    ) -> None:
        """Take charge of the table's releases and of the connections' states.

        Args:
            table: What is answered.
            tally: Counts the answers.
            connections: Counts the connections.
            desk: Counts the viewings; without it nobody does.
            releases_a_turn: How many held requests are answered before the loop gets a turn. A
                thousand are about 15 ms of work; in each turn those who were answered ask again,
                which keeps the others waiting.
        """
        self._releases_a_turn = releases_a_turn
        self.table = table
        self.tally = tally
        self.connections = connections
        self.desk = desk
        self.gate = Gate()
        self.date = date_line(unix_ns() // 1_000_000_000)
        """Refreshed at each second's turn while :meth:`run` runs."""

        self.open: dict[_Connection, None] = {}
        table.dispatch = self._dispatch
        connections.states = self._states

    async def run(self) -> None:
        """Keep the date and close connections that are overdue, for ever.  Cancelling is safe."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_date())
            tasks.create_task(self._keep_watch())

    async def _keep_date(self) -> None:
        while True:
            seconds, into_ns = divmod(unix_ns(), 1_000_000_000)
            self.date = date_line(seconds)
            await asyncio.sleep(1.0 - into_ns / 1e9)

    async def _keep_watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.connections.limits.look_every_s)
            connections = list(self.open)
            for first in range(0, len(connections), _LOOKS_A_TURN):
                now_s = loop.time()
                for connection in connections[first : first + _LOOKS_A_TURN]:
                    connection.look(now_s)
                await asyncio.sleep(0)

    def _dispatch(self, released: list[Hold], stored_ns: int) -> None:
        for hold in released[: self._releases_a_turn]:
            hold.released(stored_ns)
        if rest := released[self._releases_a_turn :]:
            asyncio.get_running_loop().call_soon(self._dispatch, rest, stored_ns)

    def _states(self) -> dict[State, int]:
        counts = dict.fromkeys(STATES, 0)
        for connection in self.open:
            counts[connection.state()] += 1
        return counts


class FastConnection(asyncio.Protocol):
    """A connection that has carried nothing but fast requests."""

    __slots__ = (
        "_answers",
        "_client",
        "_deadline_ns",
        "_epoch",
        "_fast",
        "_hold",
        "_loop",
        "_paused",
        "_quiet_until_ns",
        "_request",
        "_sender",
        "_sending",
        "_server",
        "_transport",
        "_viewer",
        "_watch",
    )

    def __init__(self, fast: FastPath, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        self._fast = fast
        self._server = server
        self._loop = loop
        self._client: str | None = None  # None: not counted
        self._answers = 0
        self._paused = False
        # The answer that the kernel has not taken whole, and when its request came.
        self._sending: tuple[Prepared, int] | None = None
        self._hold: Hold | None = None
        self._deadline_ns = 0
        self._request = b""  # the held one, for the case that aiohttp takes over
        # Whom playlist requests are counted for, of which sender and in which epoch of the salt.
        self._sender, self._viewer, self._epoch = NOBODY, b"", -1
        self._quiet_until_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or close it if there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        client = client_of(transport.get_extra_info("peername"))
        if not self._fast.connections.admit(client):
            self._transport.abort()
            return
        self._client = client
        self._watch = Watch(self._loop.time())
        self._fast.open[self] = None
        # With no room at all in the buffer the transport tells when the last byte has left.
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Answer one plain GET, or hand the connection over."""
        started_ns = monotonic_ns()
        # More bytes while an answer is due or under way are a pipeline: not ours.
        if self._hold is None and not self._paused:
            request = self._fast.gate.admit(data)
            if request is not None:
                path, query, gzip, brotli, base, sender = request
                entry = self._fast.table.entries.get(path)
                if query and names_moment(query):
                    entry = None  # the past is no prepared answer
                if type(entry) is HostForms:
                    entry = entry.get(base)  # the first request by a name is aiohttp's
                if type(entry) is Resource:
                    prepared = entry.choose(gzip=gzip, brotli=brotli)
                    self._send(prepared, started_ns)
                    if sender.counts and (sender.cmcd or _CMCD in query):
                        self._hear(sender, query, prepared.handler, prepared.channel, path)
                    return
                if type(entry) is BlockingPlaylist and self._answer_playlist(
                    entry, query, gzip=gzip, data=data, started_ns=started_ns
                ):
                    if (
                        started_ns >= self._quiet_until_ns
                        or sender is not self._sender
                        or _CMCD in query
                    ):
                        self._count_viewer(sender, query, entry.channel, path, started_ns)
                    return
        self._hand_over(data)

    def _count_viewer(
        self, sender: Sender, query: bytes, channel: str, path: bytes, now_ns: int
    ) -> None:
        """Count who asked for a playlist: by what he tells, or as one who tells nothing."""
        desk = self._fast.desk
        if desk is None or not sender.counts:
            return
        if sender.cmcd or _CMCD in query:
            self._hear(sender, query, "media_playlist", channel, path)
        if not sender.is_page:
            unreported = desk.unreported
            if sender is not self._sender or unreported.epoch != self._epoch:
                self._viewer = desk.viewer(self._client or "", sender)
                self._epoch = unreported.epoch
            unreported.ask(channel, self._viewer, now_ns // 1_000_000)
        self._sender, self._quiet_until_ns = sender, now_ns + _QUIET_NS

    def _hear(self, sender: Sender, query: bytes, handler: str, channel: str, path: bytes) -> None:
        wanted = requested(handler, channel, path)
        if self._fast.desk is not None and wanted is not None:
            self._fast.desk.hear(sender, self._client or "", query, wanted)

    def _answer_playlist(
        self, playlist: BlockingPlaylist, query: bytes, *, gzip: bool, data: bytes, started_ns: int
    ) -> bool:
        """Answer or hold a playlist request; False if it is aiohttp's."""
        directives = parse_directives(query) if query else _NO_DIRECTIVES
        edge = playlist.edge
        if directives is None or edge is None:
            return False
        msn, part, skip = directives
        decision = reload.decide_reload(msn=msn, part=part, edge=edge, now=unix_ns())
        match decision:
            case reload.ServeNow():
                prepared = playlist.choose(blocking=msn is not None, skip=skip, gzip=gzip)
                self._send(prepared, started_ns)
                return True
            case reload.Hold(until):
                hold = Hold(until, partial(self._released, playlist, skip, gzip))
                if not self._fast.table.hold(playlist, hold):
                    return False  # the application refuses it, and counts it
                self._hold = hold
                self._request = data
                self._deadline_ns = started_ns + reload.HOLD_NS
                return True
            case reload.Refuse():
                return False

    def _released(self, playlist: BlockingPlaylist, skip: bool, gzip: bool, stored_ns: int) -> None:  # noqa: FBT001
        """Answer the held request: the playlist has what it waited for."""
        hold, self._hold = self._hold, None
        if hold is None:  # gone, or handed over, since the release was announced
            return
        self._request = b""
        now_ns = monotonic_ns()
        self._fast.tally.released(playlist.channel, now_ns - stored_ns)
        self._send(playlist.choose(blocking=True, skip=skip, gzip=gzip), now_ns)

    def _send(self, prepared: Prepared, started_ns: int) -> None:
        self._answers += 1
        self._transport.writelines((prepared.head, self._fast.date, *prepared.body))
        if self._paused:
            self._sending = (prepared, started_ns)
        else:
            self._sent(prepared, started_ns)

    def _sent(self, prepared: Prepared, started_ns: int) -> None:
        self._fast.tally.answered(
            prepared.handler,
            prepared.channel,
            prepared.status,
            prepared.length,
            monotonic_ns() - started_ns,
        )

    def pause_writing(self) -> None:
        """Note that the kernel has not taken all."""
        self._paused = True

    def resume_writing(self) -> None:
        """Note that the last byte has left."""
        self._paused = False
        self._count_sending()

    def _count_sending(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            self._sent(*sending)

    def _hand_over(self, data: bytes) -> None:
        """Give the connection to aiohttp, with everything that has not been answered."""
        transport = self._transport
        if self._client is None or transport.is_closing():
            return
        self._stop_holding()
        data, self._request = self._request + data, b""
        self._count_sending()
        client, self._client = self._client, None
        del self._fast.open[self]
        heir = SlowConnection(self._fast, self._server, self._loop, client, self._answers)
        transport.set_write_buffer_limits()
        transport.set_protocol(heir)
        heir.connection_made(transport)
        if self._paused:
            heir.pause_writing()
        heir.data_received(data)

    def _stop_holding(self) -> None:
        hold, self._hold = self._hold, None
        if hold is not None:
            self._fast.table.release(hold)

    def connection_lost(self, exc: Exception | None) -> None:
        """Free what the connection held."""
        del exc
        self._stop_holding()
        if self._client is not None:
            self._fast.connections.leave(self._client)
            self._client = None
            del self._fast.open[self]

    def state(self) -> State:
        """Return where the connection stands."""
        if self._hold is not None:
            return "held"
        return "sending" if self._paused else "idle"

    def look(self, now_s: float) -> None:
        """Close the connection if it is overdue; give up on a part that does not come."""
        if self._client is None:
            return
        hold = self._hold
        # Released already (no playlist), its answer comes in a later turn of the loop.
        if hold is not None and hold.playlist is not None and monotonic_ns() >= self._deadline_ns:
            self._give_up(hold.playlist)
        fault = self._watch.look(
            state=self.state(),
            answers=self._answers,
            waiting_bytes=self._transport.get_write_buffer_size(),
            now_s=now_s,
            limits=self._fast.connections.limits,
        )
        if fault is not None:
            if fault != "idle":
                self._fast.connections.rejected[fault] += 1
            self._transport.abort()

    def _give_up(self, playlist: BlockingPlaylist) -> None:
        self._stop_holding()
        self._request = b""
        self._fast.tally.rejected("timeout")
        self._send(unavailable("media_playlist", playlist.channel), monotonic_ns())

    def disconnect(self) -> None:
        """Close the connection, for the server's end."""
        self._transport.close()


class SlowConnection(RequestHandler):
    """A connection that is aiohttp's, under the same deadlines."""

    __slots__ = ("_client", "_earlier_answers", "_fast", "_tail", "_tcp", "_watch")

    def __init__(
        self,
        fast: FastPath,
        server: web.Server,
        loop: asyncio.AbstractEventLoop,
        client: str,
        earlier_answers: int,
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            lingering_time=_LINGERING_S,
        )
        self._fast = fast
        self._client = client
        self._earlier_answers = earlier_answers
        self._tail = b""
        self._watch = Watch(loop.time())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin aiohttp's work."""
        self._tcp = cast(asyncio.Transport, transport)
        self._fast.open[self] = None
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Let aiohttp read, and note how the bytes ended."""
        if data:
            self._tail = (self._tail + data[-4:])[-4:]
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count the connection out."""
        if self in self._fast.open:
            del self._fast.open[self]
            self._fast.connections.leave(self._client)
        super().connection_lost(exc)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log bugs; what a stranger sends wrong is his fault and would fill the log."""
        if not isinstance(kw.get("exc_info"), HttpProcessingError | ConnectionError):
            super().log_exception(*args, **kw)

    def state(self) -> State:
        """Return where the connection stands."""
        if self._tcp.get_write_buffer_size():
            return "sending"
        if self._request_in_progress or self._messages:
            return "held"
        # A header ends with a blank line; if the last bytes did not, one has begun (or a body is
        # still coming, which deserves no more patience).
        return "idle" if self._tail == b"\r\n\r\n" else "reading"

    def look(self, now_s: float) -> None:
        """Close the connection if it is overdue."""
        fault = self._watch.look(
            state=self.state(),
            answers=self._earlier_answers + self._request_count,
            waiting_bytes=self._tcp.get_write_buffer_size(),
            now_s=now_s,
            limits=self._fast.connections.limits,
        )
        if fault is not None:
            if fault != "idle":
                self._fast.connections.rejected[fault] += 1
            self._tcp.abort()

    def disconnect(self) -> None:
        """Close the connection, for the server's end."""
        self._tcp.close()


class PublicServer:
    """The public port of one origin: fast path first, the aiohttp application behind it."""

    def __init__(self, app: web.Application, fast: FastPath, *, host: str, port: int) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            app: Answers what the fast path does not.
            fast: The fast path.
            host: Address to listen on.
            port: Port to listen on, shared with the other origins; 0 for a free one.
        """
        self._app, self._fast = app, fast
        self._host, self._port = host, port
        self.listening = asyncio.Event()
        """Set once connections are accepted."""

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: In an exception group, if the address cannot be had.
        """
        # A viewer who leaves frees what is held for him at once, here as on the fast path.
        runner = web.AppRunner(
            self._app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True
        )
        await runner.setup()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._fast.run())
                tasks.create_task(self._listen(cast(web.Server, runner.server)))
        finally:
            for connection in list(self._fast.open):
                connection.disconnect()
            with suppress(asyncio.CancelledError):
                await runner.cleanup()

    async def _listen(self, application: web.Server) -> None:
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                lambda: FastConnection(self._fast, application, loop),
                self._host,
                self._port,
                reuse_port=True,
                backlog=_BACKLOG,
            )
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {self._host} port {self._port}: {os.strerror(error.errno or 0)}"
            ) from error
        try:
            self._port = listener.sockets[0].getsockname()[1]
            self.listening.set()
            await asyncio.Event().wait()
        finally:
            listener.close()

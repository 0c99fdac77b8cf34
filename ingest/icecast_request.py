"""Requests of Icecast sources: what they say, whether it is allowed, how to answer.  Sans-I/O.

Sources are HTTP clients of a dialect: ``SOURCE /mount ICE/1.0``, bodies without length or
chunks, answers that are expected before the body or never (STANDARDS 218 to 221).  Reading is
strict all the same: one line end, one meaning, limits on everything.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote_to_bytes

from core.errors import FormatError

__all__ = [
    "MAX_HEAD_BYTES",
    "Answer",
    "BodyReader",
    "Capabilities",
    "HeadReader",
    "Publish",
    "Request",
    "SoundFormat",
    "UpdateTitle",
    "Wanted",
    "busy_answer",
    "capabilities",
    "decide_request",
    "parse_head",
    "render_answer",
    "sound_format",
    "title_updated",
]

MAX_HEAD_BYTES: Final = 16 * 1024
"""Longest request line with its headers; a source that lists all its ``ice-`` headers has 1 kB."""

_MAX_HEADERS: Final = 64
_MAX_TARGET_BYTES: Final = 4 * 1024
_MAX_LENGTH_DIGITS: Final = 15
_MAX_CHUNK_DIGITS: Final = 7
_MAX_CHUNK_LINE_BYTES: Final = 32

_REQUEST_LINE = re.compile(rb"([A-Z]{3,10}) (/[!-~]*) (HTTP/1\.[01]|ICE/1\.0)")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_MOUNT = re.compile(r"/([a-z0-9][a-z0-9-]{0,31})/([a-z0-9][a-z0-9-]{0,31})")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]+)")
_ONCE: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "authorization", "expect", "content-type"}
)
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "iso-8859-1": "cp1252",  # what is labelled so holds Windows' quotation marks, as in browsers
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "windows-1258": "cp1258",  # Vietnamese, older playout systems
    "us-ascii": "utf-8",
}

SoundFormat: TypeAlias = Literal["mp3", "aac", "ogg"]

_FORMATS: Final[dict[str, SoundFormat]] = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/aac": "aac",
    "audio/aacp": "aac",
    "audio/ogg": "ogg",
    "application/ogg": "ogg",
}


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request."""

    method: str
    path: str
    query: str
    version: str
    """``HTTP/1.0``, ``HTTP/1.1`` or ``ICE/1.0``."""

    headers: Mapping[str, str]
    """By name in lower case."""

    @property
    def expects_continue(self) -> bool:
        """The body comes only after ``100 Continue``."""
        return self.headers.get("expect", "").lower() == "100-continue"


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer; the connection is closed behind it."""

    status: int
    reason: str
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Publish:
    """A source wants to send sound."""

    channel: str
    name: str
    """The input."""

    key: str
    """The publisher's key.  Secret: into no log."""

    def __repr__(self) -> str:
        return f"Publish({self.channel}/{self.name})"


@dataclass(frozen=True, slots=True)
class UpdateTitle:
    """A source says what it plays."""

    channel: str
    name: str
    key: str
    title: str

    def __repr__(self) -> str:
        return f"UpdateTitle({self.channel}/{self.name})"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A source asks what this server can do."""


Wanted: TypeAlias = Publish | UpdateTitle | Capabilities | Answer

LOGIN: Final = Answer(
    401,
    "Authentication Required",
    "You need to authenticate: user source, password the input's key.\n",
    headers=(("WWW-Authenticate", 'Basic realm="Lensong", charset="UTF-8"'),),
)
"""Answers a wrong key and an unknown mount alike."""


class HeadReader:
    """Collect the head of a request from bytes in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.rest = b""
        """Bytes that came behind the head."""

    def receive(self, data: bytes) -> Request | None:
        """Take ``data``; return the request when its head is whole.

        Raises:
            FormatError: (``size`` or ``parse``) If it is too long or no request.
        """
        searched = max(0, len(self._buffer) - 3)
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n", searched)
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
            raise FormatError(f"a head over {MAX_HEAD_BYTES} bytes", code="size")
        if end < 0:
            return None
        self.rest = bytes(self._buffer[end + 4 :])
        return parse_head(bytes(self._buffer[:end]))


def parse_head(head: bytes) -> Request:
    """Read a request line and its headers, without the empty line at the end.

    Raises:
        FormatError: If anything in it can be read in two ways.
    """
    first, *lines = head.split(b"\r\n")
    matched = _REQUEST_LINE.fullmatch(first)
    if matched is None:
        raise FormatError("no request line")
    method, target, version = matched.groups()
    if len(target) > _MAX_TARGET_BYTES or len(lines) > _MAX_HEADERS:
        raise FormatError("too long a target or too many headers", code="size")
    headers: dict[str, str] = {}
    for line in lines:
        field = _HEADER.fullmatch(line)  # a folded line, a bare LF and a NUL all fail here
        if field is None:
            raise FormatError("a header that is none")
        name, value = field[1].decode("ascii").lower(), _decode(field[2])
        if name in headers and name in _ONCE:
            raise FormatError(f"two headers {name}")
        headers[name] = value
    if "content-length" in headers and "transfer-encoding" in headers:
        raise FormatError("a length and a transfer encoding")
    path, _, query = target.decode("ascii").partition("?")
    return Request(method.decode("ascii"), path, query, version.decode("ascii"), headers)


def _decode(raw: bytes, charset: str | None = None) -> str:
    """Decode text whose character set is often not told: UTF-8, else Latin-1 (STANDARDS 221)."""
    codec = _CHARSETS.get(charset.lower(), "utf-8") if charset else "utf-8"
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def decide_request(request: Request) -> Wanted:
    """Decide what a request wants, or refuse it."""
    if request.path == "/admin/metadata" and request.method == "GET":
        return _decide_metadata(request)
    match request.method:
        case "PUT" | "SOURCE":
            mount = _MOUNT.fullmatch(request.path)
            if mount is None:
                return Answer(404, "No such mountpoint", "A mountpoint is /channel/input.\n")
            key = _source_key(request)
            return LOGIN if key is None else Publish(mount[1], mount[2], key)
        case "OPTIONS" | "GET":
            # libshout asks GET /admin/!POKE and reads Allow before it chooses its method.
            return Capabilities()
        case _:
            return Answer(405, "Method not allowed", headers=(("Allow", _ALLOW),))


_ALLOW: Final = "GET, PUT, SOURCE, OPTIONS"
_ICE_XML: Final = "text/xml; charset=utf-8"


def _decide_metadata(request: Request) -> UpdateTitle | Answer:
    fields = _query_fields(request.query)
    fault = _metadata_fault(fields)
    mount = _MOUNT.fullmatch(_decode(fields.get("mount", b"")))
    if fault is not None or mount is None:
        return Answer(400, "Bad parameters", f"{fault or 'mount is /channel/input'}\n")
    key = _source_key(request)
    if key is None:
        return LOGIN
    charset = _decode(fields.get("charset", b"")) or None
    words = [
        _decode(fields[name], charset) for name in ("song", "artist", "title") if name in fields
    ]
    return UpdateTitle(mount[1], mount[2], key, " - ".join(word for word in words if word.strip()))


def _metadata_fault(fields: Mapping[str, bytes]) -> str | None:
    """Return what is wrong with the parameters of a new title."""
    if fields.get("mode") != b"updinfo":  # "only mode updinfo" (STANDARDS 221)
        return "mode must be updinfo"
    if "song" in fields and ("artist" in fields or "title" in fields):
        return "song excludes artist and title"
    if not {"song", "artist", "title"} & fields.keys():
        return "song, or artist and title, is missing"
    return None


def _query_fields(query: str) -> dict[str, bytes]:
    """Split a query into raw bytes by name; the first of two values counts."""
    fields: dict[str, bytes] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        fields.setdefault(name, unquote_to_bytes(value.replace("+", " ")))
    return fields


def _source_key(request: Request) -> str | None:
    """Return the password of user ``source``; None without one."""
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, key = base64.b64decode(coded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return key.decode("utf-8", "replace") if user == b"source" and colon and key else None


def sound_format(request: Request) -> SoundFormat | Answer:
    """Return the format that a source announces, or the refusal in Icecast's words."""
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not content_type:
        # Icecast takes an old source without a type for one of MP3; a PUT must name its own.
        if request.method == "SOURCE":
            return "mp3"
        return Answer(403, "No Content-type given")
    return _FORMATS.get(content_type) or Answer(403, "Content-type not supported")


def busy_answer() -> Answer:
    """Return the refusal of a second source."""
    return Answer(403, "Mountpoint in use")


def title_updated() -> Answer:
    """Return Icecast's answer to a title that was taken."""
    return Answer(
        200,
        "OK",
        '<?xml version="1.0"?>\n<iceresponse><message>Metadata update successful</message>'
        "<return>1</return></iceresponse>\n",
        _ICE_XML,
    )


def capabilities(request: Request) -> Answer:
    """Return what sources are told of this server."""
    allow = ("Allow", _ALLOW)
    if request.method == "OPTIONS":
        return Answer(204, "No Content", headers=(allow,))
    return Answer(404, "Not found", "Sources only: PUT /channel/input.\n", headers=(allow,))


def render_answer(answer: Answer, *, version: str = "HTTP/1.0") -> bytes:
    """Return the bytes of a final answer."""
    body = (answer.body or f"{answer.reason}\n").encode() if answer.status != 204 else b""  # noqa: PLR2004
    lines = [
        f"{'HTTP/1.1' if version == 'HTTP/1.1' else 'HTTP/1.0'} {answer.status} {answer.reason}",
        "Server: Lensong",
        "Connection: close",
        "Cache-Control: no-store",
        *(f"{name}: {value}" for name, value in answer.headers),
    ]
    if body:
        lines += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class BodyReader:
    """Take the transfer coding off a body: chunks, a length, or neither.

    Chunk extensions and trailers are refused: no source sends them.
    """

    def __init__(self, request: Request) -> None:
        """Read how the body is sent.

        Raises:
            FormatError: If the length is no number or the coding not ``chunked``.
        """
        coding = request.headers.get("transfer-encoding")
        length = request.headers.get("content-length")
        if coding is not None and coding.lower() not in {"chunked", "identity"}:
            raise FormatError("a transfer encoding other than chunked")
        if length is not None and not (
            length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS
        ):
            raise FormatError("a length that is no number")
        self._chunked = coding is not None and coding.lower() == "chunked"
        # Some sources announce a length of 0 and mean that they do not know it.
        self._left: int | None = int(length) or None if length is not None else None
        self._line = bytearray()
        self._chunk_left = 0
        self._after_chunk = False
        self._last = False
        self.finished = False
        """The body is over, and more bytes are not part of it."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes off the wire, return those of the body.

        Raises:
            FormatError: If the chunks are malformed.
        """
        if self._chunked:
            return self._receive_chunks(data)
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
            self.finished = self._left == 0
        return data

    def _receive_chunks(self, data: bytes) -> bytes:
        found = bytearray()
        at = 0
        while at < len(data) and not self.finished:
            if self._chunk_left:
                piece = data[at : at + self._chunk_left]
                found += piece
                at += len(piece)
                self._chunk_left -= len(piece)
                self._after_chunk = self._chunk_left == 0
                continue
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end + 1
            self._line += data[at:stop]
            at = stop
            if len(self._line) > _MAX_CHUNK_LINE_BYTES:
                raise FormatError("a chunk's size line over 32 bytes", code="size")
            if end >= 0:
                self._take_line()
        return bytes(found)

    def _take_line(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        if not line.endswith(b"\r\n"):
            raise FormatError("a chunk's line ends without CR LF")
        if self._after_chunk or self._last:
            if line != b"\r\n":
                raise FormatError("bytes behind a chunk, or a trailer")
            self.finished = self._last
            self._after_chunk = False
            return
        size = _CHUNK_SIZE.fullmatch(line[:-2])
        if size is None or len(size[1]) > _MAX_CHUNK_DIGITS:
            raise FormatError("a chunk's size that is none")
        self._chunk_left = int(size[1], 16)
        self._last = self._chunk_left == 0

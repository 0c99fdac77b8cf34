"""Read and write AMF0, the values of RTMP's commands.  Sans-I/O.

Everything here was written by a stranger: depth, number of values and lengths are checked
before anything is made of them.  References are refused, since nothing that we read needs
them and they are how a small message becomes an endless one.

**Source:** Adobe, "Action Message Format -- AMF 0" (2007) and "AMF 3" (2013).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, TypeAlias

from core.errors import FormatError

__all__ = ["AmfValue", "decode_amf0", "encode_amf0"]

AmfValue: TypeAlias = "float | bool | str | list[AmfValue] | dict[str, AmfValue] | None"

_MAX_DEPTH: Final = 16
_MAX_VALUES: Final = 2_000

_NUMBER, _BOOLEAN, _STRING, _OBJECT = 0x00, 0x01, 0x02, 0x03
_NULL, _UNDEFINED, _ECMA_ARRAY, _OBJECT_END = 0x05, 0x06, 0x08, 0x09
_STRICT_ARRAY, _DATE, _LONG_STRING, _UNSUPPORTED = 0x0A, 0x0B, 0x0C, 0x0D
_XML, _TYPED_OBJECT, _TO_AMF3 = 0x0F, 0x10, 0x11

_SHORT_STRING_BYTES: Final = 0xFFFF


def decode_amf0(data: bytes) -> list[AmfValue]:
    """Return the values that fill ``data``.

    Raises:
        FormatError: If it is cut off, too deep, too many, or of a kind that no publisher sends.
    """
    reader = _Reader(data)
    values: list[AmfValue] = []
    while not reader.at_end:
        values.append(reader.value(0))
    return values


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._values = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._data)

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise FormatError("an AMF value is cut off")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _text(self, length_bytes: int) -> str:
        return self._take(self._unsigned(length_bytes)).decode("utf-8", "replace")

    def value(self, depth: int) -> AmfValue:
        self._values += 1
        if depth > _MAX_DEPTH or self._values > _MAX_VALUES:
            raise FormatError("AMF values too deep or too many", code="size")
        kind = self._unsigned(1)
        if kind in (_OBJECT, _ECMA_ARRAY, _TYPED_OBJECT, _STRICT_ARRAY):
            return self._composite(kind, depth)
        return self._scalar(kind)

    def _scalar(self, kind: int) -> AmfValue:  # noqa: PLR0911
        match kind:
            case 0x00:
                (number,) = struct.unpack(">d", self._take(8))
                return float(number)
            case 0x01:
                return self._unsigned(1) != 0
            case 0x02:
                return self._text(2)
            case 0x0C | 0x0F:
                return self._text(4)
            case 0x05 | 0x06 | 0x0D:
                return None
            case 0x0B:
                (number,) = struct.unpack(">d2x", self._take(10))
                return float(number)
            case 0x11:
                return self._amf3()
            case _:
                raise FormatError(f"AMF0 marker {kind:#x}")

    def _composite(self, kind: int, depth: int) -> AmfValue:
        if kind == _STRICT_ARRAY:
            # The count is a claim: values are read one by one, each of at least a byte.
            return [self.value(depth + 1) for _ in range(self._unsigned(4))]
        if kind == _ECMA_ARRAY:
            self._take(4)  # the count is a hint; the end marker decides
        elif kind == _TYPED_OBJECT:
            self._text(2)
        members: dict[str, AmfValue] = {}
        while True:
            name = self._text(2)
            if not name and self._data[self._at : self._at + 1] == bytes([_OBJECT_END]):
                self._at += 1
                return members
            members[name] = self.value(depth + 1)

    def _amf3(self) -> AmfValue:
        """Read one AMF3 value; only scalars, which is what encoders put into commands."""
        kind = self._unsigned(1)
        match kind:
            case 0x00 | 0x01:
                return None
            case 0x02 | 0x03:
                return kind == 0x03  # noqa: PLR2004
            case 0x04:
                number = self._amf3_unsigned()
                return float(number - (1 << 29) if number >= 1 << 28 else number)
            case 0x05:
                (double,) = struct.unpack(">d", self._take(8))
                return float(double)
            case 0x06:
                length = self._amf3_unsigned()
                if length & 1 == 0:
                    raise FormatError("AMF3 references are not read")
                return self._take(length >> 1).decode("utf-8", "replace")
            case _:
                raise FormatError(f"AMF3 marker {kind:#x}")

    def _amf3_unsigned(self) -> int:
        """Read a U29: seven bits a byte, eight in the fourth."""
        number = 0
        for _ in range(3):
            byte = self._unsigned(1)
            number = number << 7 | byte & 0x7F
            if byte < 0x80:  # noqa: PLR2004
                return number
        return number << 8 | self._unsigned(1)


def encode_amf0(*values: AmfValue | Mapping[str, AmfValue]) -> bytes:
    """Return the AMF0 form of ``values``, one after the other."""
    return b"".join(_encode(value) for value in values)


def _encode(value: AmfValue | Mapping[str, AmfValue]) -> bytes:  # noqa: PLR0911
    if value is None:
        return bytes([_NULL])
    if isinstance(value, bool):
        return bytes([_BOOLEAN, value])
    if isinstance(value, int | float):
        return struct.pack(">Bd", _NUMBER, value)
    if isinstance(value, str):
        text = value.encode()
        if len(text) > _SHORT_STRING_BYTES:
            return struct.pack(">BI", _LONG_STRING, len(text)) + text
        return struct.pack(">BH", _STRING, len(text)) + text
    if isinstance(value, list):
        return struct.pack(">BI", _STRICT_ARRAY, len(value)) + encode_amf0(*value)
    members = b"".join(
        struct.pack(">H", len(name.encode())) + name.encode() + _encode(member)
        for name, member in value.items()
    )
    return bytes([_OBJECT]) + members + b"\x00\x00" + bytes([_OBJECT_END])

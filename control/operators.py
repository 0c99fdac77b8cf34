"""Who an operator is, by the key that came with the request.  Sans-I/O."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

__all__ = ["operator_of"]

_SCHEME: Final = "Bearer "


def operator_of(authorization: str, hashes: Mapping[str, bytes]) -> str | None:
    """Return the name of the operator whose key this is, or None.

    Every hash is compared, each in constant time, so that the answer's delay tells nothing.

    Args:
        authorization: The header ``Authorization`` as it came.
        hashes: SHA-256 of each operator's key, by name.
    """
    key = authorization.removeprefix(_SCHEME) if authorization.startswith(_SCHEME) else ""
    given = hashlib.sha256(key.strip().encode("utf-8", "surrogatepass")).digest()
    found: str | None = None
    for name, expected in hashes.items():
        if hmac.compare_digest(given, expected):
            found = name
    return found if key.strip() else None

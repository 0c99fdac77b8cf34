"""Publishers' keys: made once, shown once, kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["key_hash", "new_key"]

_KEY_BYTES = 24


def new_key() -> str:
    """Return a fresh key of letters, digits, ``-`` and ``_``: safe in a URL and in RTMP.

    It never begins with ``-``, which some encoders' command lines would take for an option.
    """
    while True:
        key = secrets.token_urlsafe(_KEY_BYTES)
        if not key.startswith("-"):
            return key


def key_hash(key: str) -> str:
    """Return the SHA-256 that the settings' variable holds, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()

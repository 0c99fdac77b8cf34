"""Ports for a station of the tests.

Not the kernel's own choice: it gives the same one twice, and to a browser that connects meanwhile,
between our asking and the origin's binding.  These lie below the range from which it chooses, and
each process begins at a place of its own.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import Final

__all__ = ["free_ports"]

_FIRST: Final = 12_000
_END: Final = 20_900
"""Above stand those of ``tests.browser.on_air_station``; the kernel's begin at 32,768."""


def free_ports(count: int) -> list[int]:
    """Return so many ports, all different, that nobody listens on now."""
    slots = (_END - _FIRST) // count
    for step in range(slots):
        base = _FIRST + (os.getpid() + step) % slots * count
        with ExitStack() as held:
            try:
                for port in range(base, base + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return list(range(base, base + count))
    raise RuntimeError("no ports are free")

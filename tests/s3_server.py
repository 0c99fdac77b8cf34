"""A real S3 HTTP server on loopback (moto's), for tests of what stands on an archive in S3."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.request import Request, urlopen

from moto.server import ThreadedMotoServer

from core.archive_s3 import S3Archive

__all__ = ["KEYS", "S3Server", "s3_server"]

KEYS = ("AKIATESTONLY", "not-a-secret")


class S3Server:
    """The running server; every archive that it opens has a bucket of its own."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._numbers = count()

    def make_bucket(self) -> str:
        """Make an empty bucket and return its name; blocks."""
        bucket = f"archive-{next(self._numbers)}"
        with urlopen(Request(f"{self.endpoint}/{bucket}", method="PUT"), timeout=10):  # noqa: S310
            return bucket

    def open_archive(self, *, prefix: str = "station/a") -> S3Archive:
        """Open an archive in a bucket of its own; blocks."""
        return S3Archive(
            bucket=self.make_bucket(), keys=KEYS, prefix=prefix, endpoint=self.endpoint
        )


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run the server while the block lasts."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()

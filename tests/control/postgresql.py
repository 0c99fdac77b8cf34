"""A PostgreSQL server of the tests' own: Debian's programs, a folder that goes, no port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PostgresqlServer", "postgresql_server"]


@dataclass(slots=True)
class PostgresqlServer:
    """A running server."""

    folder: Path
    programs: Path
    account: dict[str, Any]
    """Under which the programs run: PostgreSQL refuses root."""

    made: int = 0

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        self.made += 1
        name = f"lensong_{self.made}"
        self.run("createdb", "--host", str(self.folder), "--username", "tester", name)
        return f"postgresql+psycopg://tester@/{name}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs; fail with its words."""
        with tempfile.TemporaryFile() as said:
            found = subprocess.run(
                [self.programs / program, *arguments],
                cwd=self.folder,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=60,
                check=False,
                **self.account,
            )
            said.seek(0)
            assert found.returncode == 0, said.read().decode()

    def stop(self) -> None:
        """End it at once, as a crash of its host would."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def start(self) -> None:
        """Start it; it answers when this returns."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
        self.run(
            *("pg_ctl", "-D", str(self.folder / "data"), "-w", "-o", options),
            *("-l", str(self.folder / "log"), "start"),
        )


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Run a server while the block runs."""
    initdb = shutil.which("initdb") or max(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    server = PostgresqlServer(folder, Path(initdb).resolve().parent, account)
    try:
        server.run(
            *("initdb", "-D", str(folder / "data"), "--username", "tester", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

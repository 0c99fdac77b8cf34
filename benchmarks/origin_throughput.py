"""The origin's fast path beside nginx serving the same bytes as static files, in one run.

Both servers are pinned to one core and wrk, with 64 connections and a browser's headers, to the
other; rounds alternate, and a run during which other programs took more than a tenth of a core is
repeated a few times.  Printed are the medians of requests a second and of processor time a request,
and their ratios.  The targets: at least 0.9 and at most 1.1.

Run ``python -m benchmarks.origin_throughput [--rounds 5] [--seconds 5]``; it needs Debian's nginx
and wrk, and two cores that are otherwise idle.  With ``--beside CHECKOUT`` the rival is the origin
of another checkout of this repository, and requests that tell of a viewing (CMCD) are made too; on
a busy host ``--attempts 1`` and many short rounds, of which processor time is the better figure.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.origin_station import CHANNEL, Origin, cpu_seconds, dump, free_port, running_origin

SERVER_CORE, CLIENT_CORE = 0, 1
ATTEMPTS = 6
QUIET = 0.1  # of a core, for others
BROWSER = {
    "Accept": "*/*",
    "Accept-Language": "vi-VN,vi;q=0.9,en;q=0.8",
    "Connection": "keep-alive",
    "Origin": "https://live.example.vn",
    "Referer": "https://live.example.vn/",
    "Sec-Fetch-Mode": "cors",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36",
}
OF_NGINX_ITSELF = {
    "connection",  # the headers were fetched by a client that says "close"
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "server",
}


@dataclass
class Server:
    """One of the two rivals."""

    pid: int
    port: int
    requests_per_s: dict[str, list[float]] = field(default_factory=dict)
    cpu_us_per_request: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """What is fetched."""

    name: str
    path: str
    encoding: str


def nginx_configuration(
    root: Path, port: int, files: dict[str, tuple[dict[str, str], bytes]]
) -> str:
    """Write the files and return a configuration that serves them with the same headers."""
    root.chmod(0o755)  # the worker is another user
    locations = []
    for path, (headers, body) in files.items():
        file = root / "www" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        if headers.get("Content-Encoding") == "gzip":
            file = file.with_name(file.name + ".gz")
        file.write_bytes(body)
        lines = "".join(
            f'      add_header {name} "{value}";\n'
            for name, value in headers.items()
            if name.lower() not in OF_NGINX_ITSELF
        )
        kind = headers["Content-Type"]
        locations.append(
            f"    location = {path} {{\n      types {{ }} default_type {kind};\n{lines}    }}\n"
        )
    return f"""
daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; etag off; keepalive_requests 1000000000;
  open_file_cache max=100; gzip_static on; client_body_temp_path {root}/t1;
  proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3; uwsgi_temp_path {root}/t4;
  scgi_temp_path {root}/t5;
  server {{
    listen 127.0.0.1:{port}; root {root}/www; add_header Last-Modified "";
{"".join(locations)}  }}
}}
"""


@asynccontextmanager
async def running_nginx(files: dict[str, tuple[dict[str, str], bytes]]) -> AsyncIterator[Server]:
    """Run nginx on the server's core."""
    with tempfile.TemporaryDirectory() as name:
        root, port = Path(name), free_port()
        configuration = root / "nginx.conf"
        text = await asyncio.to_thread(nginx_configuration, root, port, files)
        await asyncio.to_thread(configuration.write_text, text)
        command = ["taskset", "-c", str(SERVER_CORE), "nginx", "-c", str(configuration)]
        process = await asyncio.create_subprocess_exec(*command)
        try:
            await _until_listening(port)
            yield Server(process.pid, port)
        finally:
            process.terminate()
            await process.wait()


async def _until_listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


def busy_seconds() -> float:
    """Return how long all cores have run programs, without interrupts, in seconds."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(map(int, fields[1:4])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, order=True)
class Run:
    """One run of wrk."""

    others_s: float
    """Processor time that other programs took, in seconds."""

    requests_per_s: float
    cpu_us_per_request: float


def run_wrk(server: Server, subject: Subject, seconds: int) -> Run:
    """Run wrk once."""
    headers = BROWSER | {"Accept-Encoding": subject.encoding}
    options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    url = f"http://127.0.0.1:{server.port}{subject.path}"
    pin = ["taskset", "-c", str(CLIENT_CORE)]
    command = [*pin, "wrk", "-t1", "-c64", f"-d{seconds}s", *options, url]
    busy, before, children = busy_seconds(), cpu_seconds(server.pid), os.times()
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent, after = cpu_seconds(server.pid) - before, os.times()
    wrk = sum(after[2:4]) - sum(children[2:4])
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"{subject.name}: {text}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    count = re.search(r"(\d+) requests in", text)
    assert rate
    assert count
    others = busy_seconds() - busy - spent - wrk
    return Run(others, float(rate[1]), 1e6 * spent / int(count[1]))


def measure(server: Server, subject: Subject, seconds: int, attempts: int = ATTEMPTS) -> None:
    """Note the figures of the first quiet run, or of the quietest."""
    runs: list[Run] = []
    while not runs or (min(runs).others_s > QUIET * seconds and len(runs) < attempts):
        runs.append(run_wrk(server, subject, seconds))
    run = min(runs)
    if run.others_s > QUIET * seconds:
        print(f"{subject.name}: other programs were busy in all of {attempts} runs")
    server.requests_per_s.setdefault(subject.name, []).append(run.requests_per_s)
    server.cpu_us_per_request.setdefault(subject.name, []).append(run.cpu_us_per_request)


def subjects_of(origin: Origin) -> list[Subject]:
    """Return what is fetched: paths of the origin's window."""
    msn = origin.packager.edge.msn - 1
    playlist = f"/ll/{CHANNEL}/720p/index.m3u8"
    return [
        Subject("playlist", playlist, "identity"),
        Subject("playlist.gz", playlist, "gzip, deflate, br"),
        Subject("part", f"/media/{CHANNEL}/480p/{msn}.5.m4s", "gzip, deflate, br"),
        Subject("segment", f"/media/{CHANNEL}/720p/{msn}.m4s", "gzip, deflate, br"),
    ]


async def main() -> None:
    """Compare, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--attempts", type=int, default=ATTEMPTS)
    options = parser.parse_args()
    if options.beside is not None:
        await compare_checkouts(options)
        return
    async with running_origin(core=SERVER_CORE) as origin:
        subjects = subjects_of(origin)
        ours = Server(origin.pid, origin.http_port)
        for group in (subjects[:1] + subjects[2:], subjects[1:2]):
            files = {
                item.path: await asyncio.to_thread(
                    origin.get, item.path, **{"Accept-Encoding": item.encoding}
                )
                for item in group
            }
            for item in group:
                print(f"{item.name}: {len(files[item.path][1])} bytes")
            async with running_nginx(files) as nginx:
                for _ in range(options.rounds):
                    for item in group:
                        for server in (ours, nginx):
                            await asyncio.to_thread(
                                measure, server, item, options.seconds, options.attempts
                            )
                report(ours, nginx, group)


async def compare_checkouts(options: argparse.Namespace) -> None:
    """Compare with the origin of another checkout."""
    told = "?CMCD=bl%3D21300%2Cbr%3D1650%2Cd%3D3840%2Cot%3Dv%2Csid%3D%225f0c%22%2Cst%3Dl"
    async with (
        running_origin(core=SERVER_CORE) as origin,
        running_origin(core=SERVER_CORE, checkout=options.beside.absolute()) as other,
    ):
        subjects = subjects_of(origin)
        subjects += [
            Subject(f"{item.name}+CMCD", item.path + told, item.encoding)
            for item in (subjects[0], subjects[2])
        ]
        # Both windows begin at the same moment but for a turn of the segment's number.
        msn, msn_of_other = (str(one.packager.edge.msn - 1) for one in (origin, other))
        ours, rival = Server(origin.pid, origin.http_port), Server(other.pid, other.http_port)
        for _ in range(options.rounds):
            for item in subjects:
                await asyncio.to_thread(measure, ours, item, options.seconds, options.attempts)
                twin = replace(item, path=item.path.replace(msn, msn_of_other))
                await asyncio.to_thread(measure, rival, twin, options.seconds, options.attempts)
        report(ours, rival, subjects, name="the other")


def report(ours: Server, nginx: Server, subjects: list[Subject], *, name: str = "nginx") -> None:
    """Print medians and ratios."""
    rows = []
    for what in (item.name for item in subjects):
        rate, rate_of_nginx = (statistics.median(s.requests_per_s[what]) for s in (ours, nginx))
        cpu, cpu_of_nginx = (statistics.median(s.cpu_us_per_request[what]) for s in (ours, nginx))
        rows.append(
            {
                "what": what,
                "requests_ratio": round(rate / rate_of_nginx, 3),
                "cpu_ratio": round(cpu / cpu_of_nginx, 3),
                "requests_per_s": round(rate),
                "nginx_requests_per_s": round(rate_of_nginx),
                "cpu_us": round(cpu, 2),
                "nginx_cpu_us": round(cpu_of_nginx, 2),
            }
        )
        print(
            f"{what:12} {rate:8.0f}/s, {name} {rate_of_nginx:8.0f}/s, ratio"
            f" {rate / rate_of_nginx:.2f} (target >= 0.9);  {cpu:6.1f} us a request, {name}"
            f" {cpu_of_nginx:6.1f} us, ratio {cpu / cpu_of_nginx:.2f} (target <= 1.1)"
        )
    print(dump(rows))


if __name__ == "__main__":
    asyncio.run(main())

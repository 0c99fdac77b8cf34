"""What hls.js tells with its requests (CMCD), beside what its picture did.

Chromium plays a station's channel by hls.js of its makers, once in each version; meanwhile the
network is gone for some seconds, so that the picture stands still. Afterwards the origin's counts
are laid beside what the video element told: seconds played, seconds stood still.

Run ``python -m benchmarks.request_players [--seconds 30]``; it takes about five minutes, most of
them for the silence behind which a viewing is over.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Final

from tests.browser.conftest import Station, Visitor
from tests.browser.test_qoe import counters
from tests.browser.test_request_players import add_players

PLAYERS: Final = {
    "version 1": "{contentId: 'hytv'}",
    "version 2": "{version: 2, useHeaders: true}",
}
STILL_S: Final = 4
SILENCE_S: Final = 100
COUNTED: Final = ("sessions", "watched_seconds", "stalls", "stall_seconds", "rendition_seconds")

# From a first frame on: how long the picture stood still, how often, and how long it was watched.
TRUTH: Final = """(() => {
  const {states, askedMs, playedS} = players.one;
  const began = states.find(([state]) => state === "playing")[1];
  let since = null, stalledMs = 0, stalls = 0;
  for (const [state, at] of states) {
    if (state === "waiting" && at > began && since === null) { since = at; stalls += 1; }
    if (state === "playing" && since !== null) { stalledMs += at - since; since = null; }
  }
  return {
    watched_seconds: (performance.now() - askedMs) / 1000, stalls,
    stall_seconds: stalledMs / 1000, played_seconds: playedS(),
    startup_seconds: (began - askedMs) / 1000,
  };
})()"""


def measure(cmcd: str, seconds: int) -> dict[str, dict[str, float]]:
    """Let one player play; return the truth and what was counted."""
    station = Station()
    try:
        visitor = Visitor(station.site)
        try:
            add_players(visitor, one=cmcd)
            visitor.wait("players.one.playedS() > 1", seconds=60)
            time.sleep(seconds)
            visitor.do("network", offline=True)
            visitor.wait("players.one.states.at(-1)[0] === 'waiting'", seconds=60)
            time.sleep(STILL_S)
            visitor.do("network", offline=False)
            visitor.wait("players.one.states.at(-1)[0] === 'playing'", seconds=60)
            time.sleep(seconds)
            truth = visitor.see(TRUTH)
        finally:
            visitor.close()
        time.sleep(SILENCE_S)
        counters(station)  # a scrape ends what has been silent
        found = counters(station)
    finally:
        station.close()
    counted = {
        name: sum(value for series, value in found.items() if series.startswith(f"{name}_total"))
        for name in COUNTED
    }
    counted["startup_seconds"] = found['startup_seconds_sum{channel="hytv"}']
    return {"truth": {name: round(value, 2) for name, value in truth.items()}, "counted": counted}


def main() -> None:
    """Measure both versions; print a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    for name, cmcd in PLAYERS.items():
        print(json.dumps({"player": name, **measure(cmcd, options.seconds)}), flush=True)


if __name__ == "__main__":
    main()

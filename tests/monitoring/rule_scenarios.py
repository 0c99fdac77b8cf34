"""What Prometheus sees in a fault, and the alerts that it must make of it: written out.

Each scenario changes some series of a healthy station, and names every page and the tickets in
question at some moments.  Samples come every 5 s from 0; ``7x11`` is twelve times 7,
``0+2x9`` ten samples that grow by 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["HEALTHY", "SCENARIOS", "Scenario"]

_LONG: Final = 500

HEALTHY: Final[dict[str, str]] = {
    **{
        f'up{{job="lensong",process="{name}",instance="{name}"}}': f"1x{_LONG}"
        for name in (
            "ingest",
            "packager",
            "origin-0",
            "origin-1",
            "programme-hytv",
            "control",
            "monitoring",
        )
    },
    'lensong_input_on_air{channel="hytv",input="studio"}': f"1x{_LONG}",
    'lensong_input_on_air{channel="hytv",input="backup"}': f"0x{_LONG}",
    'lensong_input_on_air{channel="hytv",input="slate"}': f"0x{_LONG}",
    'lensong_input_up{channel="hytv",input="studio",protocol="rtmp"}': f"1x{_LONG}",
    'lensong_input_up{channel="hytv",input="backup",protocol="rtmp"}': f"1x{_LONG}",
    'lensong_input_priority{channel="hytv",input="studio"}': f"1x{_LONG}",
    'lensong_input_priority{channel="hytv",input="backup"}': f"2x{_LONG}",
    'lensong_channel_taken{channel="hytv",by="operator"}': f"0x{_LONG}",
    'lensong_channel_taken{channel="hytv",by="schedule"}': f"0x{_LONG}",
    'lensong_channel_clock_lag_seconds{channel="hytv"}': f"0x{_LONG}",
    'lensong_encoder_up{channel="hytv",encoder="a"}': f"1x{_LONG}",
    'lensong_encoder_speed_ratio{channel="hytv",encoder="a"}': f"1x{_LONG}",
    'lensong_packager_last_segment_timestamp_seconds{channel="hytv",rendition="234p"}': (
        f"-2+5x{_LONG}"
    ),
    'lensong_origin_live_edge_lag_seconds{channel="hytv"}': f"1x{_LONG}",
    'lensong_probe_success{channel="hytv",vantage="inside"}': f"1x{_LONG}",
    'lensong_archive_missing_segments{channel="hytv"}': f"0x{_LONG}",
    "lensong_control_database_up": f"1x{_LONG}",
    'lensong_guide_ahead_seconds{channel="hytv"}': f"90000x{_LONG}",
    'lensong_guide_snapshot_age_seconds{channel="hytv"}': f"60x{_LONG}",
    **{
        f'lensong_content_fault_active{{channel="hytv",point="{point}",kind="{kind}"}}': (
            f"0x{_LONG}"
        )
        for point in ("input:studio", "input:backup", "programme", "output")
        for kind in ("black", "freeze", "silence", "loudness")
    },
}


def _age(before: int) -> str:
    """Return the end of the newest segment, of a packager that stops after ``before`` samples."""
    return f"-2+5x{before - 1} {5 * before - 7}x{_LONG}"


_PROGRAMME: Final = 'up{job="lensong",process="programme-hytv",instance="programme-hytv"}'
_PACKAGER: Final = 'up{job="lensong",process="packager",instance="packager"}'
_SPEED: Final = 'lensong_encoder_speed_ratio{channel="hytv",encoder="a"}'
_ENCODER_UP: Final = 'lensong_encoder_up{channel="hytv",encoder="a"}'
_SEGMENT: Final = 'lensong_packager_last_segment_timestamp_seconds{channel="hytv",rendition="234p"}'
_LAG: Final = 'lensong_origin_live_edge_lag_seconds{channel="hytv"}'
_STUDIO_ON_AIR: Final = 'lensong_input_on_air{channel="hytv",input="studio"}'
_BACKUP_ON_AIR: Final = 'lensong_input_on_air{channel="hytv",input="backup"}'
_SLATE_ON_AIR: Final = 'lensong_input_on_air{channel="hytv",input="slate"}'
_STUDIO_UP: Final = 'lensong_input_up{channel="hytv",input="studio",protocol="rtmp"}'
_BACKUP_UP: Final = 'lensong_input_up{channel="hytv",input="backup",protocol="rtmp"}'
_PROBE: Final = 'lensong_probe_success{channel="hytv",vantage="inside"}'
_WATCHED: Final = 'lensong_qoe_watched_seconds_total{channel="hytv",kind="live"}'
_STALLED: Final = 'lensong_qoe_stall_seconds_total{channel="hytv"}'
_SESSIONS: Final = 'lensong_qoe_concurrent_sessions{channel="hytv",kind="live"}'
_GOOD: Final = 'lensong_http_requests_total{handler="segment",channel="hytv",code="2xx"}'
_BAD: Final = 'lensong_http_requests_total{handler="segment",channel="hytv",code="5xx"}'
_HELD: Final = 'lensong_http_requests_total{handler="media_playlist",channel="hytv",code="5xx"}'
_TIMEOUT: Final = 'lensong_origin_block_rejected_total{reason="timeout"}'
_EMPTY: Final = 'lensong_origin_empty_answers_total{channel="hytv"}'
_LOUD: Final = 'lensong_content_fault_active{channel="hytv",point="programme",kind="loudness"}'


def _absent(name: str, process: str, labels: str) -> str:
    return f'{name}{{instance="{process}",job="lensong",process="{process}",{labels}}}'


def _fault(point: str, kind: str) -> str:
    return f'lensong_content_fault_active{{channel="hytv",point="{point}",kind="{kind}"}}'


@dataclass(frozen=True, slots=True)
class Scenario:
    """One fault, or one thing that looks like a fault and is none."""

    name: str
    changes: dict[str, str]
    """Series that differ from :data:`HEALTHY`; an empty text takes one away."""

    pages: dict[str, list[str]]
    """By moment: every page that fires, as ``Name{labels but severity}``."""

    tickets: dict[str, list[str]] = field(default_factory=dict)
    """By moment: every ticket that fires."""


PAGES_OF_STAGES: Final = (
    Scenario("a healthy station", {}, {"5m": [], "20m": []}, {"5m": [], "20m": []}),
    Scenario(
        "an encoder at 0.9 of real time from 60 s on",
        {_SPEED: f"1x11 0.9x{_LONG}"},
        {"75s": [], "80s": ['EncoderSlow{channel="hytv",stage="encoder"}']},
    ),
    Scenario("an encoder at 0.985", {_SPEED: f"0.985x{_LONG}"}, {"5m": []}),
    Scenario(
        "an encoder that died once is back after 10 s",
        {_SPEED: f"1x11 0x1 1.2x3 1x{_LONG}", _ENCODER_UP: f"1x11 0x0 1x{_LONG}"},
        {"75s": [], "85s": [], "2m": []},
    ),
    Scenario(
        "a starved encoder publishes nothing: one page, the encoder's",
        {_SPEED: f"1x11 0.3x{_LONG}", _SEGMENT: _age(12), _LAG: f"1x11 3+5x{_LONG}"},
        {
            "75s": [],
            "80s": ['EncoderSlow{channel="hytv",stage="encoder"}'],
            "5m": ['EncoderSlow{channel="hytv",stage="encoder"}'],
        },
    ),
    Scenario(
        "a packager that publishes nothing from 60 s on",
        # At 60 s the newest segment is 7 s old, at 65 s 12 s, at 70 s 17 s.
        {_SEGMENT: _age(12), _LAG: f"1x11 6+5x{_LONG}"},
        {
            "65s": [],
            "70s": ['ChannelOffAir{channel="hytv",stage="packager"}'],
            "5m": ['ChannelOffAir{channel="hytv",stage="packager"}'],
        },
    ),
    Scenario(
        "segments that come 11 s late",
        {_SEGMENT: f"-9+5x{_LONG}"},
        {"5m": []},
    ),
    Scenario(
        "a packager that hangs: its metrics go, and the origin's edge stands still",
        {_SEGMENT: "-2+5x11 stale", _PACKAGER: f"1x11 0x{_LONG}", _LAG: f"1x11 6+5x{_LONG}"},
        {
            "65s": [],
            "70s": ['ChannelOffAir{channel="hytv",stage="packager"}'],
            "3m": ['ChannelOffAir{channel="hytv",stage="packager"}'],
        },
    ),
    Scenario(
        "a packager that never publishes",
        {_SEGMENT: f"0x{_LONG}", _LAG: ""},
        {"20s": [], "30s": ['ChannelOffAir{channel="hytv",stage="packager"}']},
    ),
    Scenario(
        "a programme's process that is gone",
        {
            _SEGMENT: _age(12),
            _LAG: f"1x11 6+5x{_LONG}",
            _PROGRAMME: f"1x11 0x{_LONG}",
            _SPEED: "1x11 stale",
            _ENCODER_UP: "1x11 stale",
        },
        {
            "65s": [],
            "70s": ['ChannelOffAir{channel="hytv",stage="switcher"}'],
            "5m": ['ChannelOffAir{channel="hytv",stage="switcher"}'],
        },
    ),
    Scenario(
        "an origin that stands still",
        {_LAG: f"1x11 6+5x{_LONG}"},
        {"65s": [], "70s": ['ChannelOffAir{channel="hytv",stage="origin"}']},
    ),
    Scenario(
        "origins that were started while the packager could not be reached",
        {_LAG: "1x11 stale", _PROBE: f"1x12 0x{_LONG}"},
        {
            "80s": [],
            "90s": ['ChannelOffAir{channel="hytv",stage="origin"}'],
            "5m": ['ChannelOffAir{channel="hytv",stage="origin"}'],
        },
    ),
    Scenario(
        "an origin that is started again while the others go on",
        {_LAG: f"1x11 _x4 1x{_LONG}"},
        {at: [] for at in ("65s", "80s", "2m")},
    ),
    Scenario(
        "a programme without metrics while the channel is on air",
        {_PROGRAMME: f"1x11 0x{_LONG}", _SPEED: "1x11 stale", _ENCODER_UP: "1x11 stale"},
        {
            "85s": [],
            "90s": [
                _absent("ChannelMetricsAbsent", "programme-hytv", 'channel="hytv",stage="switcher"')
            ],
        },
    ),
    Scenario(
        "a packager without metrics while the channel is on air",
        {_PACKAGER: f"1x11 0x{_LONG}", _SEGMENT: "-2+5x11 stale"},
        {
            "85s": [],
            "90s": [_absent("ChannelMetricsAbsent", "packager", 'stage="packager"')],
        },
    ),
    Scenario(
        "one origin of two without metrics is a ticket",
        {'up{job="lensong",process="origin-1",instance="origin-1"}': f"1x11 0x{_LONG}"},
        {"5m": []},
        {
            "115s": [],
            "2m": [_absent("ProcessMetricsAbsent", "origin-1", 'stage="origin"')],
        },
    ),
    Scenario(
        "both origins without metrics",
        {
            'up{job="lensong",process="origin-0",instance="origin-0"}': f"1x11 0x{_LONG}",
            'up{job="lensong",process="origin-1",instance="origin-1"}': f"1x11 0x{_LONG}",
        },
        {"85s": [], "90s": ['ChannelMetricsAbsent{job="lensong",stage="origin"}']},
        {"5m": []},
    ),
    Scenario(
        "no process at all",
        dict.fromkeys(HEALTHY, ""),
        {"25s": [], "30s": ['ChannelMetricsAbsent{job="lensong",stage="monitoring"}']},
    ),
    Scenario(
        "every studio is lost",
        {
            _STUDIO_ON_AIR: f"1x11 0x{_LONG}",
            _SLATE_ON_AIR: f"0x11 1x{_LONG}",
            _STUDIO_UP: f"1x11 0x{_LONG}",
            _BACKUP_UP: f"1x11 0x{_LONG}",
        },
        {
            "65s": [],
            "70s": ['ChannelOnSlate{channel="hytv",stage="input"}'],
            "5m": ['ChannelOnSlate{channel="hytv",stage="input"}'],
        },
    ),
    Scenario(
        "a blackout of the schedule",
        {
            _STUDIO_ON_AIR: f"1x11 0x{_LONG}",
            _SLATE_ON_AIR: f"0x11 1x{_LONG}",
            'lensong_channel_taken{channel="hytv",by="schedule"}': f"0x11 1x{_LONG}",
        },
        {"5m": []},
        {"5m": []},
    ),
    Scenario(
        "a channel without inputs",
        {
            _STUDIO_ON_AIR: "",
            _BACKUP_ON_AIR: "",
            _STUDIO_UP: "",
            _BACKUP_UP: "",
            'lensong_input_priority{channel="hytv",input="studio"}': "",
            'lensong_input_priority{channel="hytv",input="backup"}': "",
            _SLATE_ON_AIR: f"1x{_LONG}",
        },
        {"5m": []},
    ),
    Scenario(
        "a clock that is 0.6 s behind",
        {'lensong_channel_clock_lag_seconds{channel="hytv"}': f"0x11 0.6x{_LONG}"},
        {"65s": [], "70s": ['ClockLag{channel="hytv",stage="switcher"}']},
    ),
    Scenario(
        "a clock that is 0.6 s ahead",
        {'lensong_channel_clock_lag_seconds{channel="hytv"}': f"0x11 -0.6x{_LONG}"},
        {"70s": ['ClockLag{channel="hytv",stage="switcher"}']},
    ),
    Scenario(
        "a clock that is 0.4 s behind",
        {'lensong_channel_clock_lag_seconds{channel="hytv"}': f"0.4x{_LONG}"},
        {"5m": []},
    ),
)

CONTENT_PAGES: Final = (
    Scenario(
        "a studio sends black",
        {
            _fault("input:studio", "black"): f"0x11 1x{_LONG}",
            _fault("programme", "black"): f"0x11 1x{_LONG}",
            _fault("output", "black"): f"0x12 1x{_LONG}",
        },
        {
            "70s": [],
            "75s": ['ContentFaultOnAir{channel="hytv",kind="black",stage="input"}'],
            "5m": ['ContentFaultOnAir{channel="hytv",kind="black",stage="input"}'],
        },
    ),
    Scenario(
        "a studio freezes, and after 20 s the slate replaces it: still one page",
        {
            _fault("input:studio", "freeze"): f"0x11 1x{_LONG}",
            _fault("programme", "freeze"): "0x11 1x3 0x400",
            _STUDIO_ON_AIR: f"1x15 0x{_LONG}",
            _SLATE_ON_AIR: f"0x15 1x{_LONG}",
            _BACKUP_UP: f"0x{_LONG}",
        },
        {
            "70s": [],
            "75s": ['ContentFaultOnAir{channel="hytv",kind="freeze",stage="input"}'],
            "5m": ['ContentFaultOnAir{channel="hytv",kind="freeze",stage="input"}'],
        },
    ),
    Scenario(
        "a studio freezes, and a backup replaces it in time: no page",
        {
            _fault("input:studio", "freeze"): f"0x11 1x{_LONG}",
            _fault("programme", "freeze"): "0x11 1x1 0x400",
            _STUDIO_ON_AIR: f"1x13 0x{_LONG}",
            _BACKUP_ON_AIR: f"0x13 1x{_LONG}",
        },
        {"75s": [], "5m": []},
        {"125s": [], "130s": ['ChannelOnBackup{channel="hytv",input="backup",stage="input"}']},
    ),
    Scenario(
        "the programme is silent though its input is not",
        {
            _fault("programme", "silence"): f"0x11 1x{_LONG}",
            _fault("output", "silence"): f"0x11 1x{_LONG}",
        },
        {"70s": [], "75s": ['ContentFaultOnAir{channel="hytv",kind="silence",stage="switcher"}']},
    ),
    Scenario(
        "only what viewers get is black",
        {_fault("output", "black"): f"0x11 1x{_LONG}"},
        {"70s": [], "75s": ['ContentFaultOnAir{channel="hytv",kind="black",stage="encoder"}']},
    ),
    Scenario(
        "the slate itself is silent",
        {
            _STUDIO_ON_AIR: f"1x11 0x{_LONG}",
            _SLATE_ON_AIR: f"0x11 1x{_LONG}",
            _STUDIO_UP: f"1x11 0x{_LONG}",
            _BACKUP_UP: f"1x11 0x{_LONG}",
            _fault("programme", "silence"): f"0x11 1x{_LONG}",
            _fault("output", "silence"): f"0x11 1x{_LONG}",
        },
        {"5m": ['ChannelOnSlate{channel="hytv",stage="input"}']},
    ),
    Scenario(
        "a backup that is not on air sends black",
        {_fault("input:backup", "black"): f"1x{_LONG}"},
        {"5m": []},
    ),
    Scenario(
        "ten seconds of black in a film",
        {
            _fault("input:studio", "black"): "0x11 1x1 0x400",
            _fault("programme", "black"): "0x11 1x1 0x400",
        },
        {"75s": [], "80s": [], "2m": []},
    ),
    Scenario(
        "loudness off target for 30 min",
        {_LOUD: f"1x{_LONG}"},
        {"35m": []},
        {"29m55s": [], "30m": ['LoudnessOffTarget{channel="hytv",stage="input"}']},
    ),
)

DELIVERY_PAGES: Final = (
    Scenario(
        "two of a hundred answers are errors",
        {_GOOD: f"0+98x{_LONG}", _BAD: f"0+2x{_LONG}"},
        {
            "15s": [],
            "40s": ['DeliveryErrorBudgetFast{stage="origin"}'],
            "10m": ['DeliveryErrorBudgetFast{stage="origin"}'],
        },
    ),
    Scenario(
        "eight of a thousand answers are errors",
        {_GOOD: f"0+992x{_LONG}", _BAD: f"0+8x{_LONG}"},
        {
            "4m55s": [],
            "6m": ['DeliveryErrorBudgetSlow{stage="origin"}'],
            "10m": ['DeliveryErrorBudgetSlow{stage="origin"}'],
        },
    ),
    Scenario(
        "four of a thousand answers are errors",
        {_GOOD: f"0+996x{_LONG}", _BAD: f"0+4x{_LONG}"},
        {"18m": []},
        {"14m": [], "18m": ['DeliveryErrorBudgetDraining{stage="origin"}']},
    ),
    Scenario(
        "one of two thousand answers is an error",
        {_GOOD: f"0+9995x{_LONG}", _BAD: f"0+5x{_LONG}"},
        {"18m": []},
        {"18m": []},
    ),
    Scenario(
        "few errors of few requests wake nobody",
        {_GOOD: "0x40 1x20 2x20 3x400", _BAD: "0x40 1x400"},
        {"4m": [], "5m": []},
    ),
    Scenario(
        "requests that were held in vain are no errors of the origin",
        {_GOOD: f"0+98x{_LONG}", _HELD: f"0+4x{_LONG}", _TIMEOUT: f"0+4x{_LONG}"},
        {"8m": []},
        {"8m": []},
    ),
    Scenario(
        "viewers who come before a channel's first segment wake nobody",
        {_GOOD: f"0x20 0+98x{_LONG}", _HELD: "0+9x20 180x400", _EMPTY: "0+9x20 180x400"},
        {"2m": [], "4m": []},
        {"2m": [], "4m": []},
    ),
    Scenario(
        "the probe finds faults, and nobody else does",
        {_PROBE: f"1x11 0x{_LONG}"},
        {"85s": [], "90s": ['ProbeFailing{channel="hytv",stage="origin",vantage="inside"}']},
    ),
    Scenario(
        "the probe finds a channel that is off air: one page",
        {_PROBE: f"1x11 0x{_LONG}", _SEGMENT: _age(12), _LAG: f"1x11 6+5x{_LONG}"},
        {
            "90s": ['ChannelOffAir{channel="hytv",stage="packager"}'],
            "4m": ['ChannelOffAir{channel="hytv",stage="packager"}'],
        },
    ),
    Scenario(
        "25 viewers stall for a tenth of the time",
        {_WATCHED: f"0+125x{_LONG}", _STALLED: f"0+12x{_LONG}", _SESSIONS: f"25x{_LONG}"},
        {"5m": [], "5m5s": ['RebufferingHigh{channel="hytv",stage="player"}']},
    ),
    Scenario(
        "25 viewers stall for half a percent of the time",
        {_WATCHED: f"0+2000x{_LONG}", _STALLED: f"0+10x{_LONG}", _SESSIONS: f"25x{_LONG}"},
        {"8m": []},
    ),
    Scenario(
        "19 viewers stall",
        {_WATCHED: f"0+95x{_LONG}", _STALLED: f"0+9x{_LONG}", _SESSIONS: f"19x{_LONG}"},
        {"8m": []},
    ),
    Scenario(
        "viewers stall because the encoder is slow: one page",
        {
            _WATCHED: f"0+125x{_LONG}",
            _STALLED: f"0+12x{_LONG}",
            _SESSIONS: f"25x{_LONG}",
            _SPEED: f"0.9x{_LONG}",
        },
        {"10m": ['EncoderSlow{channel="hytv",stage="encoder"}']},
    ),
    Scenario(
        "a third of the forecast's lowest audience",
        {
            _SESSIONS: f"100x11 30x{_LONG}",
            'lensong_audience_forecast_sessions{channel="hytv",level="p05"}': f"90x{_LONG}",
            'lensong_audience_forecast_sessions{channel="hytv",level="p50"}': f"110x{_LONG}",
        },
        {"2m55s": [], "3m": ['AudienceDrop{channel="hytv",stage="player"}']},
    ),
    Scenario(
        "a night with few viewers",
        {
            _SESSIONS: f"3x{_LONG}",
            'lensong_audience_forecast_sessions{channel="hytv",level="p05"}': f"10x{_LONG}",
            'lensong_audience_forecast_sessions{channel="hytv",level="p50"}': f"20x{_LONG}",
        },
        {"10m": []},
    ),
)

SCENARIOS: Final = (*PAGES_OF_STAGES, *CONTENT_PAGES, *DELIVERY_PAGES)

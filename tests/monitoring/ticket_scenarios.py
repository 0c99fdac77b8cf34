"""The tickets' part of what Prometheus sees in a fault: see :mod:`rule_scenarios`."""

from __future__ import annotations

from typing import Final

from tests.monitoring.rule_scenarios import Scenario

__all__ = ["TICKETS"]

_LONG: Final = 500
_PARTS: Final = "lensong_packager_publish_delay_seconds_bucket"
_STARTS: Final = "lensong_qoe_startup_seconds"
_LAGS: Final = "lensong_event_loop_lag_seconds_bucket"
_INGEST: Final = 'up{job="lensong",process="ingest",instance="ingest"}'
_CONTROL: Final = 'up{job="lensong",process="control",instance="control"}'
_BACKUP_UP: Final = 'lensong_input_up{channel="hytv",input="backup",protocol="rtmp"}'


def _quiet(name: str, changes: dict[str, str], at: str = "6m") -> Scenario:
    return Scenario(name, changes, {at: []}, {at: []})


def _loud(name: str, changes: dict[str, str], tickets: dict[str, list[str]]) -> Scenario:
    return Scenario(name, changes, {at: [] for at in tickets}, tickets)


_INPUTS: Final = (
    _loud(
        "the main input is lost and the backup takes over",
        {
            'lensong_input_on_air{channel="hytv",input="studio"}': f"1x11 0x{_LONG}",
            'lensong_input_on_air{channel="hytv",input="backup"}': f"0x11 1x{_LONG}",
        },
        {"115s": [], "2m": ['ChannelOnBackup{channel="hytv",input="backup",stage="input"}']},
    ),
    _quiet(
        "the operator took the backup",
        {
            'lensong_input_on_air{channel="hytv",input="studio"}': f"1x11 0x{_LONG}",
            'lensong_input_on_air{channel="hytv",input="backup"}': f"0x11 1x{_LONG}",
            'lensong_channel_taken{channel="hytv",by="operator"}': f"0x11 1x{_LONG}",
        },
    ),
    _loud(
        "one of two inputs is not connected",
        {_BACKUP_UP: f"1x11 0x{_LONG}"},
        {"5m55s": [], "6m": ['RedundancyLost{channel="hytv",stage="input"}']},
    ),
    _quiet("a channel with one input has no redundancy to lose", {_BACKUP_UP: ""}),
    _loud(
        "a switch every minute",
        {
            'lensong_switches_total{channel="hytv",target="backup",reason="loss"}': (
                "0x11 1x11 2x11 3x11 4x11 5x11 6x11 7x11 8x400"
            )
        },
        {"5m": [], "8m": ['InputFlapping{channel="hytv",stage="input"}']},
    ),
    _quiet(
        "an operator who switches every half minute",
        {
            'lensong_switches_total{channel="hytv",target="backup",reason="operator"}': (
                f"0+1x{_LONG}"
            )
        },
    ),
    _loud(
        "a decoder dies",
        {
            'lensong_input_decoder_faults_total{channel="hytv",input="studio",reason="decode"}': (
                f"0x11 1x{_LONG}"
            )
        },
        {
            "55s": [],
            "1m": ['DecoderFailing{channel="hytv",input="studio",stage="input"}'],
            "7m": [],
        },
    ),
    _quiet(
        "decoders that do not fail",
        {
            'lensong_input_decoder_faults_total{channel="hytv",input="studio",reason="decode"}': (
                f"3x{_LONG}"
            )
        },
    ),
    _quiet(
        "loudness that is right again before 30 min",
        {
            'lensong_content_fault_active{channel="hytv",point="programme",kind="loudness"}': (
                "1x300 0x200"
            )
        },
        "31m",
    ),
    _loud(
        "forty wrong keys a minute",
        {
            'lensong_input_connections_total{channel="unknown",input="unknown",protocol="rtmp",'
            'result="auth_failed"}': f"0+3x{_LONG}"
        },
        {
            "20s": [],
            "2m": ['AuthAttack{channel="unknown",input="unknown",stage="input"}'],
        },
    ),
    _quiet(
        "a studio with a wrong key that tries every half minute",
        {
            'lensong_input_connections_total{channel="hytv",input="studio",protocol="rtmp",'
            'result="auth_failed"}': "0x5 1x5 2x5 3x5 4x5 5x5 6x5 7x5 8x5 9x5 10x300"
        },
    ),
)

_MAKING: Final = (
    _loud(
        "three encoders in some minutes",
        {
            'lensong_encoder_restarts_total{channel="hytv",encoder="a",reason="exit"}': (
                f"0x11 1x11 2x11 3x{_LONG}"
            )
        },
        {"2m": [], "4m": ['EncoderRestarting{channel="hytv",stage="encoder"}']},
    ),
    _quiet(
        "two encoders in a quarter of an hour",
        {
            'lensong_encoder_restarts_total{channel="hytv",encoder="a",reason="exit"}': (
                f"0x30 1x30 2x{_LONG}"
            )
        },
    ),
    _loud(
        "a tenth of the parts comes half a second late",
        {
            f'{_PARTS}{{channel="hytv",unit="part",le="0.3"}}': f"0+9x{_LONG}",
            f'{_PARTS}{{channel="hytv",unit="part",le="0.5"}}': f"0+10x{_LONG}",
            f'{_PARTS}{{channel="hytv",unit="part",le="+Inf"}}': f"0+10x{_LONG}",
        },
        {"30s": [], "45s": ['PublishLate{channel="hytv",stage="packager"}']},
    ),
    _quiet(
        "all parts within 0.2 s",
        {
            f'{_PARTS}{{channel="hytv",unit="part",le="0.2"}}': f"0+10x{_LONG}",
            f'{_PARTS}{{channel="hytv",unit="part",le="0.3"}}': f"0+10x{_LONG}",
            f'{_PARTS}{{channel="hytv",unit="part",le="+Inf"}}': f"0+10x{_LONG}",
        },
    ),
    Scenario(
        "parts are late because the encoder is slow: the packager is not accused",
        {
            f'{_PARTS}{{channel="hytv",unit="part",le="0.3"}}': f"0+9x{_LONG}",
            f'{_PARTS}{{channel="hytv",unit="part",le="0.5"}}': f"0+10x{_LONG}",
            f'{_PARTS}{{channel="hytv",unit="part",le="+Inf"}}': f"0+10x{_LONG}",
            'lensong_encoder_speed_ratio{channel="hytv",encoder="a"}': f"0.5x{_LONG}",
        },
        {"5m": ['EncoderSlow{channel="hytv",stage="encoder"}']},
        {"5m": []},
    ),
    _loud(
        "a hole in every rendition",
        {
            'lensong_packager_gap_segments_total{channel="hytv",rendition="234p"}': (
                f"0x11 1x{_LONG}"
            ),
            'lensong_packager_gap_segments_total{channel="hytv",rendition="a128"}': (
                f"0x11 1x{_LONG}"
            ),
        },
        {"55s": [], "1m": ['GapsPublished{channel="hytv",stage="packager"}'], "12m": []},
    ),
    _quiet(
        "a hole of long ago",
        {'lensong_packager_gap_segments_total{channel="hytv",rendition="234p"}': f"5x{_LONG}"},
    ),
    _loud(
        "the spool's disk is full",
        {'lensong_packager_spool_failures_total{channel="hytv"}': f"0x11 1x{_LONG}"},
        {"55s": [], "1m": ['SpoolFailing{channel="hytv",stage="packager"}']},
    ),
    _quiet(
        "a spool that works",
        {'lensong_packager_spool_failures_total{channel="hytv"}': f"2x{_LONG}"},
    ),
)

_ARCHIVE: Final = (
    _loud(
        "a disk that loses 10 GB in 5 min",
        {'lensong_archive_free_bytes{backend="disk"}': f"1e12-166666666x{_LONG}"},
        {"29m": [], "31m": ['ArchiveFillsIn24h{backend="disk",stage="archive"}']},
    ),
    _quiet(
        "a disk that lasts for months",
        {'lensong_archive_free_bytes{backend="disk"}': f"1e12-1000x{_LONG}"},
        "31m",
    ),
    _loud(
        "an hour goes for want of space",
        {
            'lensong_archive_removals_total{channel="hytv",why="space"}': f"0x11 1x{_LONG}",
            'lensong_archive_removals_total{channel="hytv",why="days"}': f"0x11 9x{_LONG}",
        },
        {
            "55s": [],
            "1m": ['ArchiveShortOfSpace{channel="hytv",why="space",stage="archive"}'],
        },
    ),
    _quiet(
        "hours that go after their days",
        {'lensong_archive_removals_total{channel="hytv",why="days"}': f"0+1x{_LONG}"},
    ),
    _loud(
        "two segments cannot be read",
        {'lensong_archive_missing_segments{channel="hytv"}': f"0x11 2x{_LONG}"},
        {"55s": [], "1m": ['ArchiveHoles{channel="hytv",stage="archive"}']},
    ),
    _loud(
        "an archive that refuses every write",
        {'lensong_archive_write_errors_total{backend="disk"}': f"0x11 0+1x{_LONG}"},
        {"55s": [], "2m": ['ArchiveWriteFailing{backend="disk",stage="archive"}']},
    ),
    _quiet(
        "two writes that had to be tried again",
        {'lensong_archive_write_errors_total{backend="disk"}': f"0x11 2x{_LONG}"},
        "2m",
    ),
)

_ORIGIN_AND_PLAYER: Final = (
    _loud(
        "an origin that holds 16,001 requests",
        {
            'lensong_origin_blocked_requests{channel="hytv",instance="a"}': f"9000x{_LONG}",
            'lensong_origin_blocked_requests{channel="hyfm",instance="a"}': f"7001x{_LONG}",
        },
        {"25s": [], "30s": ['HeldRequestsNearLimit{instance="a",stage="origin"}']},
    ),
    _quiet(
        "an origin that holds 16,000 requests",
        {'lensong_origin_blocked_requests{channel="hytv",instance="a"}': f"16000x{_LONG}"},
    ),
    _loud(
        "an origin whose timers are late",
        {
            f'{_LAGS}{{process="origin-0",service="origin",le="0.1"}}': f"0+40x{_LONG}",
            f'{_LAGS}{{process="origin-0",service="origin",le="0.2"}}': f"0+50x{_LONG}",
            f'{_LAGS}{{process="origin-0",service="origin",le="+Inf"}}': f"0+50x{_LONG}",
        },
        {"1m": [], "65s": ['LoopLag{process="origin-0",stage="origin"}']},
    ),
    _loud(
        "a programme whose timers are late",
        {
            f'{_LAGS}{{process="programme-hytv",service="programme",le="0.1"}}': f"0+40x{_LONG}",
            f'{_LAGS}{{process="programme-hytv",service="programme",le="0.2"}}': f"0+50x{_LONG}",
            f'{_LAGS}{{process="programme-hytv",service="programme",le="+Inf"}}': f"0+50x{_LONG}",
        },
        {"65s": ['LoopLag{process="programme-hytv",stage="switcher"}']},
    ),
    _quiet(
        "timers that are on time",
        {
            f'{_LAGS}{{process="origin-0",service="origin",le="0.05"}}': f"0+50x{_LONG}",
            f'{_LAGS}{{process="origin-0",service="origin",le="0.1"}}': f"0+50x{_LONG}",
            f'{_LAGS}{{process="origin-0",service="origin",le="+Inf"}}': f"0+50x{_LONG}",
        },
    ),
    _loud(
        "a tenth of the viewers waits for six seconds",
        {
            f'{_STARTS}_bucket{{channel="hytv",le="4.0"}}': f"0+9x{_LONG}",
            f'{_STARTS}_bucket{{channel="hytv",le="7.5"}}': f"0+10x{_LONG}",
            f'{_STARTS}_bucket{{channel="hytv",le="+Inf"}}': f"0+10x{_LONG}",
            f'{_STARTS}_count{{channel="hytv"}}': f"0+10x{_LONG}",
        },
        {"5m": [], "5m20s": ['StartupSlow{channel="hytv",stage="player"}']},
    ),
    _quiet(
        "viewers who start within 2 s",
        {
            f'{_STARTS}_bucket{{channel="hytv",le="2.0"}}': f"0+10x{_LONG}",
            f'{_STARTS}_bucket{{channel="hytv",le="4.0"}}': f"0+10x{_LONG}",
            f'{_STARTS}_bucket{{channel="hytv",le="+Inf"}}': f"0+10x{_LONG}",
            f'{_STARTS}_count{{channel="hytv"}}': f"0+10x{_LONG}",
        },
    ),
    _loud(
        "an evening that is expected to want 85 % of the uplink",
        {
            'lensong_audience_forecast_peak_bytes_per_second{instance="m"}': f"50x11 85x{_LONG}",
            'lensong_audience_capacity_bytes_per_second{instance="m"}': f"100x{_LONG}",
        },
        {"30m55s": [], "31m": ['AudienceNearCapacity{instance="m",stage="player"}']},
    ),
    _quiet(
        "an evening that is expected to want 79 % of the uplink",
        {
            'lensong_audience_forecast_peak_bytes_per_second{instance="m"}': f"79x{_LONG}",
            'lensong_audience_capacity_bytes_per_second{instance="m"}': f"100x{_LONG}",
        },
    ),
)

_MONITORING: Final = (
    _loud(
        "ingest without metrics",
        {_INGEST: f"1x11 0x{_LONG}"},
        {
            "115s": [],
            "2m": [
                'ProcessMetricsAbsent{instance="ingest",job="lensong",process="ingest",stage="input"}'
            ],
        },
    ),
    _loud(
        "the control room without metrics",
        {_CONTROL: f"1x11 0x{_LONG}"},
        {
            "115s": [],
            "2m": [
                'ProcessMetricsAbsent{instance="control",job="lensong",process="control",stage="monitoring"}'
            ],
        },
    ),
    _loud(
        "a host whose clock is 0.8 s slow",
        {'lensong_clock_offset_seconds{service="monitoring",instance="m"}': f"0x11 -0.8x{_LONG}"},
        {"115s": [], "2m": ['ClockOffset{instance="m",stage="monitoring"}']},
    ),
    _quiet(
        "a host whose clock is 20 ms slow",
        {'lensong_clock_offset_seconds{service="monitoring",instance="m"}': f"-0.02x{_LONG}"},
    ),
    _loud(
        "the control room's database is gone",
        {"lensong_control_database_up": f"1x11 0x{_LONG}"},
        {"115s": [], "2m": ['ControlDatabaseDown{stage="monitoring"}']},
    ),
    _loud(
        "a guide that ends in five hours",
        {'lensong_guide_ahead_seconds{channel="hytv"}': f"90000x11 18000x{_LONG}"},
        {"10m55s": [], "11m": ['GuideEnding{channel="hytv",stage="monitoring"}']},
    ),
    _quiet(
        "a channel that never had a guide",
        {'lensong_guide_ahead_seconds{channel="hytv"}': f"0x{_LONG}"},
    ),
    _loud(
        "a snapshot of three hours ago",
        {'lensong_guide_snapshot_age_seconds{channel="hytv"}': f"60x11 10800x{_LONG}"},
        {"10m55s": [], "11m": ['GuideStale{channel="hytv",stage="monitoring"}']},
    ),
)

TICKETS: Final = (*_INPUTS, *_MAKING, *_ARCHIVE, *_ORIGIN_AND_PLAYER, *_MONITORING)

"""Prometheus families of the programme process: inputs, switcher, clock, encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.content import CONTENT_KINDS, PICTURE_KINDS, SWITCH_KINDS
from core.loudness import FLOOR_LUFS, decibels
from transcoder.decision import SLATE
from transcoder.decoder import DECODER_FAULTS
from transcoder.graph import MP3
from transcoder.state import ProgrammeState

__all__ = ["ProgrammeMetrics"]

_GAP_BUCKETS: Final = (0.04, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10)
_REASONS: Final = ("loss", "recover", "operator", "schedule", *SWITCH_KINDS)
_FAULTS: Final = ("exit", "blocked", "silent", "late", "format")
_THUMBNAIL_FAULTS: Final = ("end", "format")
_ENCODER: Final = "a"

_Family = TypeVar("_Family", GaugeMetricFamily, CounterMetricFamily)


class ProgrammeMetrics(Collector):
    """Read the programme's state at each scrape; nothing is counted twice."""

    def __init__(self, registry: CollectorRegistry, state: Callable[[], ProgrammeState]) -> None:
        """Register.

        Args:
            registry: The process's registry.
            state: Returns the programme's parts as they are now.
        """
        self._state = state
        registry.register(self)  # before the histogram that collecting it fills
        self._gap = Histogram(
            "lensong_switch_gap_seconds",
            "From the last good frame on air to the first frame of the replacement",
            labelnames=("channel",),
            buckets=_GAP_BUCKETS,
            registry=registry,
        )
        self._gap.labels(state().channel)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        state = self._state()
        gaps = state.switcher.counts.gaps_s
        while gaps:
            self._gap.labels(state.channel).observe(gaps.pop())
        yield from self._inputs(state)
        yield from self._switcher(state)
        yield from _content(state)
        yield from self._encoder(state)

    def _inputs(self, state: ProgrammeState) -> Iterator[Metric]:
        labels = ("channel", "input")
        media_labels = (*labels, "media")
        on_air = _gauge("input_on_air", "1 for the source that feeds the programme now", labels)
        priority = _gauge(
            "input_priority", "Place of the input in the channel's order: 1 is the first", labels
        )
        faults = _counter(
            "input_decoder_faults",
            "Decoders that ended (decode) or gave nothing (stuck) while their feed went on",
            (*labels, "reason"),
        )
        for name in (*state.inputs, SLATE):
            on_air.add_metric((state.channel, name), state.switcher.on_air == name)
        frames = _counter("input_frames", "Frames decoded", media_labels)
        dropped = _counter(
            "input_frames_dropped", "Frames received and not used (late, queue full)", media_labels
        )
        errors = _counter("input_decode_errors", "Corrupt or undecodable packets", media_labels)
        last = _gauge(
            "input_last_frame_timestamp_seconds",
            "Unix time of the last decoded frame",
            media_labels,
        )
        offset = _gauge(
            "input_av_offset_seconds", "Audio minus video timestamp at the switcher", labels
        )
        drift = _gauge(
            "input_clock_drift_ratio",
            "Input clock rate against the programme clock, minus one",
            labels,
        )
        for place, (name, item) in enumerate(state.inputs.items(), 1):
            priority.add_metric((state.channel, name), place)
            for fault in DECODER_FAULTS:
                faults.add_metric((state.channel, name, fault), item.decoder.counts.faults[fault])
            for media in ("video", "audio") if state.has_picture else ("audio",):
                key = (state.channel, name, media)
                frames.add_metric(key, item.decoder.counts.frames[media])
                dropped.add_metric(key, item.buffer.dropped[media])
                errors.add_metric(key, item.decoder.counts.errors[media])
                last.add_metric(key, item.decoder.counts.last_frame_ns[media] / 1e9)
            offset.add_metric((state.channel, name), item.buffer.av_offset_s)
            drift.add_metric((state.channel, name), item.buffer.drift_ratio)
        yield from (on_air, priority, frames, dropped, errors, faults, last, offset, drift)

    def _switcher(self, state: ProgrammeState) -> Iterator[Metric]:
        counts = state.switcher.counts
        switches = _counter(
            "switches", "Changes of the on-air source", ("channel", "target", "reason")
        )
        for target in (*state.inputs, SLATE):
            for reason in _REASONS:
                value = counts.switches.get((target, reason), 0)
                switches.add_metric((state.channel, target, reason), value)
        yield switches
        taken = _gauge(
            "channel_taken",
            "1 while what is on air is what the operator took, or the schedule's slate (blackout)",
            ("channel", "by"),
        )
        taken.add_metric((state.channel, "operator"), state.switcher.take == state.switcher.on_air)
        taken.add_metric((state.channel, "schedule"), state.switcher.is_blacked_out)
        yield taken
        yield _one(
            _counter("channel_slate_seconds", "Seconds on slate", ("channel",)),
            state.channel,
            counts.slate_frames / state.frame_rate,
        )
        yield _one(
            _counter(
                "channel_repeated_frames",
                "Frames repeated to keep the programme clock",
                ("channel",),
            ),
            state.channel,
            counts.repeated_frames,
        )
        yield _one(
            _gauge("channel_clock_lag_seconds", "Wall clock minus programme clock", ("channel",)),
            state.channel,
            state.programme.clock.lag_ns / 1e9,
        )

    def _encoder(self, state: ProgrammeState) -> Iterator[Metric]:
        labels = ("channel", "encoder")
        key = (state.channel, _ENCODER)
        run = state.keeper.current
        up = _gauge("encoder_up", "1 while the encoder process writes output", labels)
        up.add_metric(key, run is not None and bool(run.newest()))
        restarts = _counter(
            "encoder_restarts", "Encoder process starts after the first", (*labels, "reason")
        )
        for fault in _FAULTS:
            restarts.add_metric((*key, fault), state.encoder_restarts.get(fault, 0))
        cpu = _counter("encoder_cpu_seconds", "CPU used by the encoder process", labels)
        cpu.add_metric(key, state.keeper.cpu_seconds)
        frames = _counter("encoder_frames", "Frames encoded", labels)
        frames.add_metric(key, state.keeper.frames_fed)
        speed = _gauge("encoder_speed_ratio", "Encoded media seconds per wall second", labels)
        speed.add_metric(key, state.keeper.speed_ratio)
        queue = _gauge(
            "encoder_queue_seconds",
            "Media waiting between pipeline stages",
            (*labels, "stage"),
        )
        queue.add_metric((*key, "encode"), state.keeper.waiting_frames / state.frame_rate)
        waiting = [item.waiting_parts * 0.64 for item in state.senders.values()]
        waiting += [] if state.sound is None else [state.sound.waiting_s]
        queue.add_metric((*key, "send"), max(waiting, default=0))
        sent = _counter("encoder_output_bytes", "Encoded bytes", ("channel", "rendition"))
        for name, sender in state.senders.items():
            sent.add_metric((state.channel, name), sender.sent_bytes)
        if state.sound is not None:
            sent.add_metric((state.channel, MP3), state.sound.sent_bytes)
        dropped = _counter(
            "encoder_frames_dropped", "Frames of the programme that no encoder encoded", labels
        )
        dropped.add_metric(key, state.keeper.frames_dropped)
        yield from (up, restarts, cpu, frames, dropped, speed, queue, sent)
        yield from self._pictures(state)

    def _pictures(self, state: ProgrammeState) -> Iterator[Metric]:
        labels = ("channel", "encoder")
        key = (state.channel, _ENCODER)
        if state.quality is not None:
            kept = _gauge(
                "encoder_quality_ratio",
                "Sampled SSIM of the rendition against the programme",
                ("channel", "rendition"),
            )
            for name, ssim in state.quality.ssim.items():
                kept.add_metric((state.channel, name), ssim)
            yield kept
        if state.thumbnails is not None:
            lost = _counter(
                "encoder_thumbnail_faults",
                "Encoders whose thumbnails ended before they did (end, format), and thumbnails"
                " that the packager did not take in time (unsent)",
                (*labels, "reason"),
            )
            for fault in _THUMBNAIL_FAULTS:
                lost.add_metric((*key, fault), state.keeper.thumbnail_faults.get(fault, 0))
            lost.add_metric((*key, "unsent"), state.thumbnails.dropped)
            yield lost


def _content(state: ProgrammeState) -> Iterator[Metric]:
    labels = ("channel", "point")
    active = _gauge(
        "content_fault_active",
        "1 while black, freeze, silence, mono_loss, phase or loudness is detected at a point",
        (*labels, "kind"),
    )
    seconds = _counter("content_fault_seconds", "Seconds in each content fault", (*labels, "kind"))
    loudness = _gauge(
        "audio_loudness_lufs",
        "Loudness after EBU R 128; -120 while there is none",
        (*labels, "window"),
    )
    peak = _gauge("audio_true_peak_dbtp", "Highest true peak of the last 10 s", labels)
    for point, meter in state.content.points.items():
        key = (state.channel, point)
        for kind in CONTENT_KINDS:
            if state.has_picture or kind not in PICTURE_KINDS:
                active.add_metric((*key, kind), meter.is_flagged(kind))
                seconds.add_metric((*key, kind), meter.flagged_s(kind))
        step = meter.step
        windows = {
            "momentary": None if step is None else step.momentary,
            "short_term": None if step is None else step.short_term,
            "integrated": meter.integrated.integrated,
        }
        for window, value in windows.items():
            loudness.add_metric((*key, window), FLOOR_LUFS if value is None else value)
        peak.add_metric(key, decibels(meter.true_peak))
    yield from (active, seconds, loudness, peak)


def _gauge(name: str, text: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"lensong_{name}", text, labels=labels)


def _counter(name: str, text: str, labels: tuple[str, ...]) -> CounterMetricFamily:
    return CounterMetricFamily(f"lensong_{name}", text, labels=labels)


def _one(family: _Family, channel: str, value: float) -> _Family:
    family.add_metric((channel,), value)
    return family

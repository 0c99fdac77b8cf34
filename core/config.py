"""Settings: one TOML file, read once, checked whole, frozen, passed down by hand.

Every fault is reported at once, so that a file is mended in one go.  Secrets never
stand in the file: the settings name a variable, which :mod:`core.environment` reads.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from core.clip_settings import ClipsSettings, PodcastSettings
from core.content_settings import ContentExceptionSettings, ContentSettings
from core.errors import ConfigError
from core.monitoring_settings import (
    MailSettings,
    MonitoringSettings,
    WebhookSettings,
    web_address,
)
from core.origin_settings import OriginSettings
from core.settings_model import SettingsModel
from core.timeline import FRAME_RATES

__all__ = [
    "LOGO_SUFFIXES",
    "RESERVED_INPUTS",
    "ArchiveSettings",
    "ChannelSettings",
    "ClipsSettings",
    "ControlSettings",
    "GuideSettings",
    "InputSettings",
    "MailSettings",
    "MonitoringSettings",
    "NetworkSettings",
    "OperatorSettings",
    "PodcastSettings",
    "RenditionSettings",
    "Settings",
    "SettingsModel",
    "WebhookSettings",
    "load_settings",
    "parse_settings",
]

RESERVED_INPUTS: Final = ("slate", "playout", "override")
"""Names that mean the platform's own sources and can be no input's."""

LOGO_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".svg")
"""What the name of a channel's picture may end in."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


def _known_rate(rate: Any) -> Any:
    if rate not in FRAME_RATES:
        raise ValueError(
            f"{rate!r} frames/s: a segment lasts 3.84 s so that it holds whole pictures and whole"
            " AAC frames, which only 25 and 50 frames/s allow; other inputs are converted"
        )
    return rate


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # an unknown name; a path; a folder
        raise ValueError(f"{name!r} is no time zone that this machine knows") from None
    return name


def _known_picture(path: Path) -> Path:
    if path.suffix.lower() not in LOGO_SUFFIXES:
        raise ValueError(f"{path} does not end in one of {', '.join(LOGO_SUFFIXES)}")
    return path


class StationSettings(SettingsModel):
    """The broadcaster."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """Name of the broadcaster, as viewers read it."""

    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Ho_Chi_Minh"
    """IANA time zone of the clock times that people read."""

    public_url: Annotated[str, web_address] | None = None
    """Where viewers find the station: ``https://xem.example.vn``. Lists for TV apps and
    previews of shared links need whole addresses; without this they are made from the name that
    was asked for."""


class PathSettings(SettingsModel):
    """Where files live."""

    data_dir: Path = Path("/var/lib/lensong")
    """Folder of everything that must outlive a restart."""

    run_dir: Path = Path("/run/lensong")
    """Folder of the local sockets; short, since a socket's path has at most 107 bytes."""

    ffmpeg: Path | None = None
    """An FFmpeg of the system's; without it, the one that pip installed."""


class NetworkSettings(SettingsModel):
    """Addresses and ports."""

    http_host: str = "0.0.0.0"  # noqa: S104
    """Address of the public site."""

    http_port: Port = 8080
    """Port of the public site: player, playlists, media."""

    publish_host: str = "0.0.0.0"  # noqa: S104
    """Address on which studio feeds are received."""

    rtmp_port: Port = 1935
    """Port of RTMP publishers."""

    icecast_port: Port = 8081
    """Port of Icecast sources."""

    internal_host: str = "127.0.0.1"
    """Address of the internal feeds, of CMAF uploads and of every admin port."""

    feeds_port: Port = 8091
    """Port of the internal feeds, from ingest to the programmes."""

    cmaf_port: Port = 8092
    """Port of CMAF uploads, from the programmes to the packager."""

    api_host: str = "127.0.0.1"
    """Address of the operators' API; put a proxy with TLS before any other than loopback."""

    api_port: Port = 8082
    """Port of the operators' API: guide, rights, takedowns."""

    monitoring_host: str = "127.0.0.1"
    """Address of the operators' pages: alerts, runbooks, reports. Put a proxy with TLS and a
    password before any other than loopback."""

    monitoring_port: Port = 8084
    """Port of the operators' pages, and of the alerts that Prometheus sends."""

    ingest_admin_port: Port = 9101
    """Metrics and health of ingest."""

    packager_admin_port: Port = 9102
    """Metrics and health of the packager."""

    control_admin_port: Port = 9104
    """Metrics and health of the control room."""

    monitoring_admin_port: Port = 9105
    """Metrics and health of monitoring."""

    origin_admin_port: Port = 9120
    """Metrics and health of the first origin; the next one's is one higher."""

    programme_admin_port: Port = 9140
    """Metrics, health and takes of the first channel's programme; the next one's is one higher."""


class ArchiveSettings(SettingsModel):
    """The archive: everything that was on air, for rewinding, catch-up and the legal deposit."""

    store: Literal["disk", "s3"] = "disk"
    """Where it lies: a folder of this host's, or a bucket of an S3 service."""

    dir: Path | None = None
    """Folder of a ``disk`` archive; without it ``archive`` in ``paths.data_dir``."""

    s3_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,62}$")] | None = None
    """Bucket of an ``s3`` archive; the keys are ``AWS_ACCESS_KEY_ID`` and
    ``AWS_SECRET_ACCESS_KEY`` in the environment."""

    s3_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*(/[A-Za-z0-9_-]+)*$")] = ""
    """What the names of all objects begin with, without a slash at the end."""

    s3_endpoint: Annotated[str, Field(pattern=r"^https?://[^/@?#]+$")] | None = None
    """Address of the S3 service when it is not Amazon's: ``https://s3.example.vn``."""

    s3_region: str = "us-east-1"
    """Region of the bucket; services of one's own ignore it."""

    max_pending_mb: Annotated[int, Field(ge=16, le=65_536)] = 512
    """Segments kept in memory while the archive cannot take them, in MB; the oldest beyond that
    become holes."""

    min_free_gb: Annotated[float, Field(ge=0, le=1_000_000)] = 5.0
    """Space that is left free on the disk, in GB; below it each channel's oldest hours go."""

    scrub_mb_per_s: Annotated[float, Field(ge=0, le=10_000)] = 4.0
    """How much of the archive is read again and verified, at most, in MB a second; 0 for none."""

    scrub_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days within which every stored hour is verified again, if that pace allows it."""

    @model_validator(mode="after")
    def _fits_store(self) -> Self:
        if self.store == "s3" and self.s3_bucket is None:
            raise ValueError("an s3 archive needs s3_bucket")
        if self.store == "disk" and self.s3_bucket is not None:
            raise ValueError('s3_bucket is set, but store is "disk"; write store = "s3"')
        return self


class OperatorSettings(SettingsModel):
    """Somebody, or some program, who may use the operators' API."""

    name: Slug
    """Who it is, for the audit."""

    key_sha256_env: VariableName
    """Environment variable that holds the SHA-256 of the operator's key (``lensong key new``)."""


class ControlSettings(SettingsModel):
    """The control room."""

    database_env: VariableName | None = None
    """Environment variable with the database's ``postgresql+psycopg://`` URL; without it, SQLite in
    ``{data_dir}/control.db``."""

    operators: Annotated[tuple[OperatorSettings, ...], Field(max_length=256)] = ()
    """Who may use the operators' API; without any it refuses everyone."""

    @model_validator(mode="after")
    def _operators_differ(self) -> Self:
        names = [item.name for item in self.operators]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two operators are called {', '.join(twice)}")
        return self


class GuideSettings(SettingsModel):
    """The programme guide."""

    watch_dir: Path | None = None
    """Folder whose XMLTV, CSV and JSON files are imported; without it none is watched."""


class RenditionSettings(SettingsModel):
    """One rung of a ladder that is not a preset."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,15}$")]
    """Name of the rendition in URLs and metrics."""

    width: Annotated[int, Field(ge=64, le=4_096, multiple_of=2)]
    """Pixels."""

    height: Annotated[int, Field(ge=64, le=2_304, multiple_of=2)]
    """Pixels."""

    video_kbps: Annotated[int, Field(ge=50, le=50_000)]
    """Average bit rate of the picture, in kbit/s."""


class InputSettings(SettingsModel):
    """One configured way into a channel."""

    name: Slug
    """Name of the input in URLs, metrics and commands."""

    protocol: Literal["rtmp", "icecast", "file"]
    """How the feed comes in."""

    key_sha256_env: VariableName | None = None
    """Environment variable that holds the SHA-256 of the publisher's key (``lensong key new``)."""

    path: Path | None = None
    """The file that a ``file`` input plays in a loop."""

    @model_validator(mode="after")
    def _fits_protocol(self) -> Self:
        faults = []
        if self.name in RESERVED_INPUTS:
            faults.append(f"{self.name!r} is the name of a source of the platform's own")
        if self.protocol == "file":
            if self.path is None:
                faults.append("a file input needs path")
            if self.key_sha256_env is not None:
                faults.append("a file input has no publisher and so no key_sha256_env")
        else:
            if self.key_sha256_env is None:
                faults.append(
                    f"an {self.protocol} input needs key_sha256_env; nobody may publish without"
                    " a key (`lensong key new` makes one)"
                )
            if self.path is not None:
                faults.append(f"an {self.protocol} input has no path")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class ChannelSettings(SettingsModel):
    """One TV or radio channel."""

    slug: Slug
    """Name of the channel in URLs, metrics and logs."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Name of the channel, as viewers read it."""

    kind: Literal["tv", "radio"]
    """Radio has sound only and no picture anywhere."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "vi"
    """Language of the sound (BCP 47), for players' menus."""

    guide_ids: Annotated[tuple[str, ...], Field(max_length=16)] = ()
    """Names that guide files have for this channel, beside its slug."""

    frame_rate: Annotated[int, BeforeValidator(_known_rate)] = 25
    """Frames a second of the programme; other input rates are conformed to it."""

    ladder: Literal["1080p", "720p", "480p", "360p"] = "720p"
    """Preset of renditions, by its highest rung; TV only."""

    renditions: tuple[RenditionSettings, ...] = ()
    """Video renditions instead of a preset, highest first."""

    encoder_preset: Literal["low_latency", "quality"] = "low_latency"
    """``quality`` buys compression with 0.7 s more latency."""

    archive_days: Annotated[int, Field(ge=0, le=400)] = 7
    """Days of catch-up; 0 keeps nothing but the live window."""

    dvr_minutes: Annotated[int, Field(ge=10, le=720)] = 120
    """Minutes that viewers can rewind the live channel, as far as the archive reaches."""

    deposit_days: Annotated[int, Field(ge=0, le=4_000)] = 0
    """Days for which the law has what was on air kept, apart from catch-up; 0 for none."""

    deposit_rendition: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,15}$")] | None = None
    """The rendition that is kept for that long (of TV, with its stereo sound); without it the one
    nearest to 480 lines, of radio ``a64``."""

    jitter_buffer_ms: Annotated[int, Field(ge=40, le=5_000)] = 200
    """How much of an input is held back to even out its network, in milliseconds."""

    patience_ms: Annotated[int, Field(ge=40, le=10_000)] = 400
    """How long the last picture is repeated before the next input is taken, in milliseconds."""

    return_after_s: Annotated[float, Field(ge=1, le=600)] = 10.0
    """How long a better input must be good before the channel returns to it, in seconds."""

    logo: Annotated[Path, AfterValidator(_known_picture)] | None = None
    """Picture of the channel for TV apps, a PNG, JPEG, WebP or SVG file of at most 1 MB; without
    it its initials are drawn."""

    count_viewers: bool = True
    """What players report of this channel is counted. ``false``, also by a reload: their reports
    are answered 410, which tells them to stop, and nothing is read from requests."""

    content: ContentSettings = ContentSettings()
    """What is measured of pictures and sound."""
    exceptions: Annotated[tuple[ContentExceptionSettings, ...], Field(max_length=64)] = ()
    """Times at which faults of content are none."""
    inputs: Annotated[tuple[InputSettings, ...], Field(max_length=16)] = ()
    """Studio feeds, in order of priority; without any the channel shows its slate."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for what, names in (
            ("inputs", [item.name for item in self.inputs]),
            ("renditions", [item.name for item in self.renditions]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {what} are called {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _rungs_fall(self) -> Self:
        for above, below in pairwise(self.renditions):
            if below.width > above.width or below.height > above.height:
                raise ValueError(
                    f"rendition {below.name} is larger than {above.name}, which stands before it; "
                    "write the largest first"
                )
        return self


class Settings(SettingsModel):
    """The whole file."""

    station: StationSettings
    """The broadcaster."""

    paths: PathSettings = PathSettings()
    """Where files live."""

    network: NetworkSettings = NetworkSettings()
    """Addresses and ports."""

    origin: OriginSettings = OriginSettings()
    """The origins."""

    archive: ArchiveSettings = ArchiveSettings()
    """The archive."""

    control: ControlSettings = ControlSettings()
    """The control room."""

    guide: GuideSettings = GuideSettings()
    """The programme guide."""

    clips: ClipsSettings = ClipsSettings()
    """Clips."""

    monitoring: MonitoringSettings = MonitoringSettings()
    """Monitoring: the process that watches the others."""

    podcasts: Annotated[tuple[PodcastSettings, ...], Field(max_length=64)] = ()
    """Podcasts."""

    channels: Annotated[tuple[ChannelSettings, ...], Field(min_length=1, max_length=64)]
    """TV and radio channels."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        slugs = [channel.slug for channel in self.channels]
        twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
        if twice:
            raise ValueError(f"two channels have the slug {', '.join(twice)}")
        names = [name.casefold() for item in self.channels for name in (item.slug, *item.guide_ids)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"guide_ids: {', '.join(twice)} would mean two channels")
        series = [podcast.series for podcast in self.podcasts]
        twice = sorted({name for name in series if series.count(name) > 1})
        if twice:
            raise ValueError(f"two podcasts are of the series {', '.join(twice)}")
        self._ports_differ()
        return self

    def _ports_differ(self) -> None:
        network = self.network
        single = [
            name
            for name in type(network).model_fields
            if name.endswith("_port") and name not in {"origin_admin_port", "programme_admin_port"}
        ]
        wanted = {getattr(network, name): f"network.{name}" for name in single}
        ranges = [
            ("network.origin_admin_port", network.origin_admin_port, self.origin.count),
            ("network.programme_admin_port", network.programme_admin_port, len(self.channels)),
        ]
        flat = [*((port, 1, name) for port, name in wanted.items())]
        if len(wanted) < len(single):
            raise ValueError("two ports in [network] are the same")
        flat += [(first, count, name) for name, first, count in ranges]
        flat.sort()
        for (first, count, name), (following, _, other) in pairwise(flat):
            if first + count > following:
                raise ValueError(f"{name} ({first}, {count} in a row) runs into {other}")

    def channel(self, slug: str) -> ChannelSettings:
        """Return the channel of that slug.

        Raises:
            ConfigError: If there is none.
        """
        for channel in self.channels:
            if channel.slug == slug:
                return channel
        known = ", ".join(channel.slug for channel in self.channels)
        raise ConfigError(f"no channel {slug!r}; there are: {known}")

    def programme_admin_port(self, slug: str) -> int:
        """Return the admin port of a channel's programme process."""
        index = [channel.slug for channel in self.channels].index(slug)
        return self.network.programme_admin_port + index

    @property
    def pages_url(self) -> str:
        """Where operators reach the pages of monitoring, without a slash at the end."""
        return self.monitoring.pages_url or f"http://127.0.0.1:{self.network.monitoring_port}"

    @property
    def archive_dir(self) -> Path:
        """The folder of a disk archive."""
        return self.archive.dir or self.paths.data_dir / "archive"

    @property
    def guide_dir(self) -> Path:
        """Folder of the guide's snapshots, which the control room writes and the others read."""
        return self.paths.data_dir / "guide"

    @property
    def clips_dir(self) -> Path:
        """The folder of the clips."""
        return self.paths.data_dir / "clips"

    @property
    def packager_socket(self) -> Path:
        """The packager's local socket, which every origin follows."""
        return self.paths.run_dir / "packager.sock"


def load_settings(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        ConfigError: With every fault of the file, one a line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start})") from error
    return parse_settings(text, name=str(path))


def parse_settings(text: str, *, name: str) -> Settings:
    """Check the text of a settings file; ``name`` begins each line of a complaint.

    Raises:
        ConfigError: With every fault of the file, one a line.
    """
    try:
        values = tomllib.loads(unicodedata.normalize("NFC", text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: is not TOML: {error}") from error
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        # pydantic calls a list too short when each of its items has a fault: no fault of its own.
        faults = (
            fault for fault in error.errors() if fault["type"] != "too_short" or not fault["input"]
        )
        lines = [f"{name}: {_describe(fault, values)}" for fault in faults]
        raise ConfigError("\n".join(lines)) from error


def _describe(fault: ErrorDetails, values: Mapping[str, Any]) -> str:
    """Put one fault into words: where it stands, what is wrong."""
    where = ""
    node: Any = values
    for step in fault["loc"]:
        node = _step_into(node, step)
        if isinstance(step, int):
            label = node.get("slug") or node.get("name") if isinstance(node, dict) else None
            where += f"[{label or step}]"
        else:
            where += f".{step}" if where else step
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "there is no such setting"
    elif fault["type"] == "missing":
        message = "is missing"
    elif fault["type"] == "string_pattern_mismatch":
        message = f"{fault['input']!r} does not have the form {fault['ctx']['pattern']}"
    return f"{where}: {message}" if where else message


def _step_into(node: Any, step: int | str) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    return node[step] if isinstance(node, list) and isinstance(step, int) else None

"""Which processes an installation consists of, and what a changed file does to them.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from core.config import ChannelSettings, Settings
from core.errors import ConfigError

__all__ = [
    "OFF_AIR",
    "SERVICES",
    "Apply",
    "PlannedProcess",
    "Refuse",
    "ReloadDecision",
    "control_name",
    "decide_reload",
    "plan_processes",
]

_KEEP_MEMORY: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024 * 1024),
}
"""For glibc: raw pictures come and go fifty times a second; giving the memory of each back to
the kernel costs 2 % of a channel.  The unit of deploy/systemd says the same.
"""

SERVICES: Final = ("ingest", "packager", "origin", "programme", "control", "monitoring")
"""Services in the order in which they start: whoever listens before whoever calls, and what
nothing on air waits for, :data:`OFF_AIR`, last.
"""

OFF_AIR: Final = frozenset({"control", "monitoring"})
"""Services without which everything on air goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedProcess:
    """One operating-system process of the installation."""

    name: str
    """Its name for people and logs: ``ingest``, ``origin-0``, ``programme-hytv``."""

    service: str
    """The service it is a process of, one of :data:`SERVICES`."""

    module: str
    """The Python package that it runs."""

    arguments: tuple[str, ...]
    """What follows the settings file on its command line."""

    admin_port: int
    """Port of its metrics, health and control calls."""

    channel: str | None = None
    """Slug of the channel whose programme it is."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """What its environment has beside the platform's."""


def plan_processes(settings: Settings, only: Sequence[str] = ()) -> tuple[PlannedProcess, ...]:
    """Return the processes to run, in the order in which they start.

    Args:
        settings: The installation.
        only: Names of services, or ``programme:SLUG`` for one channel; all when empty.

    Raises:
        ConfigError: If a name means nothing in this installation.
    """
    known = {*SERVICES, *(f"programme:{channel.slug}" for channel in settings.channels)}
    strange = [name for name in only if name not in known]
    if strange:
        raise ConfigError(
            f"there is no service {', '.join(strange)}; there are: {', '.join(sorted(known))}"
        )
    every = _every_process(settings)
    if not only:
        return every
    return tuple(
        process
        for process in every
        if process.service in only or f"programme:{process.channel}" in only
    )


def _every_process(settings: Settings) -> tuple[PlannedProcess, ...]:
    network = settings.network
    origins = (
        PlannedProcess(
            name=f"origin-{index}",
            service="origin",
            module="origin",
            arguments=("--index", str(index)),
            admin_port=network.origin_admin_port + index,
        )
        for index in range(settings.origin.count)
    )
    return (
        PlannedProcess(
            name="ingest",
            service="ingest",
            module="ingest",
            arguments=(),
            admin_port=network.ingest_admin_port,
        ),
        PlannedProcess(
            name="packager",
            service="packager",
            module="packager",
            arguments=(),
            admin_port=network.packager_admin_port,
        ),
        *origins,
        *(_programme(settings, channel) for channel in settings.channels),
        PlannedProcess(
            name="control",
            service="control",
            module="control",
            arguments=(),
            admin_port=network.control_admin_port,
        ),
        PlannedProcess(
            name="monitoring",
            service="monitoring",
            module="monitoring",
            arguments=(),
            admin_port=network.monitoring_admin_port,
        ),
    )


def _programme(settings: Settings, channel: ChannelSettings) -> PlannedProcess:
    return PlannedProcess(
        name=f"programme-{channel.slug}",
        service="programme",
        module="transcoder",
        arguments=("--channel", channel.slug),
        admin_port=settings.programme_admin_port(channel.slug),
        channel=channel.slug,
        environment=_KEEP_MEMORY,
    )


def control_name(only: Sequence[str]) -> str:
    """Return the stem of the supervisor's socket, so that units of one host do not collide."""
    if not only:
        return "supervisor"
    return "supervisor-" + "+".join(sorted(name.replace(":", ".") for name in only))


@dataclass(frozen=True, slots=True)
class Refuse:
    """The new file cannot be applied while the platform runs; nothing changes."""

    reason: str
    """One sentence for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """What the new file does; channels named nowhere are not touched."""

    added: tuple[str, ...] = ()
    """Slugs of new channels: their programmes start."""

    removed: tuple[str, ...] = ()
    """Slugs of channels that are gone: their programmes stop."""

    changed: tuple[str, ...] = ()
    """Slugs of channels with other settings: their programmes read the file again."""

    @property
    def nothing(self) -> bool:
        """No channel is concerned."""
        return not (self.added or self.removed or self.changed)


ReloadDecision: TypeAlias = Refuse | Apply


def decide_reload(old: Settings, new: Settings) -> ReloadDecision:
    """Decide what an edited file means for the running processes."""
    for section in ("network", "paths", "origin", "archive"):
        if getattr(old, section) != getattr(new, section):
            names = _changed_fields(getattr(old, section), getattr(new, section))
            settings = ", ".join(f"{section}.{name}" for name in names)
            return Refuse(f"a change of {settings} needs a restart of the platform")
    before = {channel.slug: channel for channel in old.channels}
    after = {channel.slug: channel for channel in new.channels}
    kept = [slug for slug in after if slug in before]
    for slug in kept:
        if before[slug].kind != after[slug].kind:
            return Refuse(f"channel {slug} cannot turn from {before[slug].kind} into another kind")
        if old.programme_admin_port(slug) != new.programme_admin_port(slug):
            return Refuse(
                f"channel {slug} would move to another place in the list, and with it to another"
                " admin port; append new channels at the end, and remove only the last ones"
                " (or restart the platform)"
            )
    return Apply(
        added=tuple(slug for slug in after if slug not in before),
        removed=tuple(slug for slug in before if slug not in after),
        changed=tuple(slug for slug in kept if before[slug] != after[slug]),
    )


def _changed_fields(old: object, new: object) -> list[str]:
    names = type(old).model_fields  # type: ignore[attr-defined]
    return [name for name in names if getattr(old, name) != getattr(new, name)]

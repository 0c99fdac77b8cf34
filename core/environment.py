"""The environment: where secrets come from, and nothing else does.

The settings name variables; only this module reads them.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from typing import Final, TypeVar

from core.config import Settings
from core.errors import ConfigError

__all__ = [
    "ARCHIVE_KEY_VARIABLES",
    "INTERNAL_SECRET_VARIABLE",
    "PUBLISH_KEY_VARIABLE",
    "address_in",
    "archive_keys",
    "child_environment",
    "database_url",
    "internal_secret",
    "operator_key_hashes",
    "probe_urls",
    "publisher_key_hashes",
    "publishing_key",
    "receiver_secrets",
]

K = TypeVar("K")

INTERNAL_SECRET_VARIABLE: Final = "LENSONG_INTERNAL_SECRET"  # noqa: S105
"""Environment variable with the secret that the services of one installation share."""

ARCHIVE_KEY_VARIABLES: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Environment variables with the keys of an S3 archive; their names are what S3 tools know."""

PUBLISH_KEY_VARIABLE: Final = "LENSONG_PUBLISH_KEY"
"""Environment variable with the key that a publisher of ours sends with."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def internal_secret() -> str:
    """Return the secret that the services share.

    Raises:
        ConfigError: If it is not set or too short to be one.
    """
    secret = os.environ.get(INTERNAL_SECRET_VARIABLE, "")
    if len(secret) < 16:  # noqa: PLR2004
        raise ConfigError(
            f"{INTERNAL_SECRET_VARIABLE} must hold the secret that the services share, at least"
            " 16 characters; `lensong run` without --only makes one by itself"
        )
    return secret


def archive_keys() -> tuple[str, str]:
    """Return (access key id, secret access key) of an S3 archive.

    Raises:
        ConfigError: If one is not set.
    """
    found = [os.environ.get(name, "") for name in ARCHIVE_KEY_VARIABLES]
    if not all(found):
        raise ConfigError(f"an s3 archive needs its keys in {' and '.join(ARCHIVE_KEY_VARIABLES)}")
    return found[0], found[1]


def publishing_key() -> str:
    """Return the key with which this process publishes.

    Raises:
        ConfigError: If it is not set.
    """
    key = os.environ.get(PUBLISH_KEY_VARIABLE, "")
    if not key:
        raise ConfigError(f"{PUBLISH_KEY_VARIABLE} must hold the key to publish with")
    return key


def child_environment() -> dict[str, str]:
    """Return the environment for child services, with an internal secret made if none is set."""
    environment = dict(os.environ)
    environment.setdefault(INTERNAL_SECRET_VARIABLE, secrets.token_urlsafe(32))
    return environment


def publisher_key_hashes(
    settings: Settings, environment: Mapping[str, str] | None = None
) -> dict[tuple[str, str], bytes]:
    """Return the SHA-256 of each publisher's key, by (channel, input), from the environment.

    Args:
        settings: Names the variables.
        environment: Where to look; this process's own environment when None.

    Raises:
        ConfigError: With every variable that is unset or holds no SHA-256, one a line.
    """
    variables = {
        (channel.slug, item.name): item.key_sha256_env
        for channel in settings.channels
        for item in channel.inputs
        if item.key_sha256_env is not None
    }
    whose = {key: f"input {key[0]}/{key[1]}" for key in variables}
    return _key_hashes(variables, whose, environment)


def operator_key_hashes(
    settings: Settings, environment: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return the SHA-256 of each operator's key, by name, from the environment.

    Args:
        settings: Names the variables.
        environment: Where to look; this process's own environment when None.

    Raises:
        ConfigError: With every variable that is unset or holds no SHA-256, one a line.
    """
    variables = {item.name: item.key_sha256_env for item in settings.control.operators}
    return _key_hashes(variables, {name: f"operator {name}" for name in variables}, environment)


def _key_hashes(
    variables: Mapping[K, str], whose: Mapping[K, str], environment: Mapping[str, str] | None
) -> dict[K, bytes]:
    values = os.environ if environment is None else environment
    hashes: dict[K, bytes] = {}
    faults: list[str] = []
    for key, variable in variables.items():
        value = values.get(variable, "").strip().lower()
        if _SHA256.fullmatch(value):
            hashes[key] = bytes.fromhex(value)
        else:
            state = "holds no SHA-256" if value else "is not set"
            faults.append(
                f"{whose[key]}: the variable {variable} {state};"
                " `lensong key new` prints a key and the value to put there"
            )
    if faults:
        raise ConfigError("\n".join(faults))
    return hashes


def database_url(settings: Settings, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the URL of the control room's database, or None for the SQLite file of its own.

    It may hold a password: log it nowhere.

    Args:
        settings: Names the variable.
        environment: Where to look; this process's own environment when None.

    Raises:
        ConfigError: If the variable is unset or names no PostgreSQL database.
    """
    variable = settings.control.database_env
    if variable is None:
        return None
    values = os.environ if environment is None else environment
    url = values.get(variable, "").strip()
    if not url.startswith("postgresql+psycopg://"):
        state = "does not begin with postgresql+psycopg://" if url else "is not set"
        raise ConfigError(f"control.database_env: the variable {variable} {state}")
    return url


def address_in(variable: str) -> str:
    """Return an address that a variable of this process's environment holds.

    Raises:
        ConfigError: If it is not set.
    """
    address = os.environ.get(variable, "").strip()
    if not address:
        raise ConfigError(f"the variable {variable} is not set")
    return address


def probe_urls(settings: Settings, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the addresses of foreign channels that are played, by name.

    They may hold passwords: log them nowhere.

    Args:
        settings: Names the variables.
        environment: Where to look; this process's own environment when None.

    Raises:
        ConfigError: With every variable that is unset or holds no address, one a line.
    """
    values = os.environ if environment is None else environment
    probes = settings.monitoring.probes
    found = {one.name: one.url or values.get(one.url_env or "", "").strip() for one in probes}
    faults = [
        f"probe {one.name}: the variable {one.url_env} is not set, or holds no address"
        for one in probes
        if not found[one.name].startswith(("https://", "http://"))
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def receiver_secrets(
    settings: Settings, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what the receivers of alerts need, by the name of its variable.

    Passwords and addresses with secrets: log them nowhere.

    Args:
        settings: Names the variables.
        environment: Where to look; this process's own environment when None.

    Raises:
        ConfigError: With every variable that is unset or holds no address, one a line.
    """
    values = os.environ if environment is None else environment
    monitoring = settings.monitoring
    wanted = {mail.password_env: mail.name for mail in monitoring.mails if mail.password_env}
    wanted |= {hook.token_env: hook.name for hook in monitoring.webhooks if hook.token_env}
    urls = {hook.url_env: hook.name for hook in monitoring.webhooks}
    found = {name: values.get(name, "").strip() for name in (*wanted, *urls)}
    faults = [
        f"receiver {(wanted | urls)[name]}: the variable {name} is not set"
        for name, value in found.items()
        if not value
    ]
    faults += [
        f"receiver {receiver}: the variable {name} does not begin with https:// or http://"
        for name, receiver in urls.items()
        if found[name] and not found[name].startswith(("https://", "http://"))
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return found

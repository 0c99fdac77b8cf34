"""core.environment: secrets come from variables, and none is ever shown."""

from __future__ import annotations

import hashlib

import pytest

from core.config import parse_settings
from core.environment import (
    INTERNAL_SECRET_VARIABLE,
    child_environment,
    database_url,
    internal_secret,
    operator_key_hashes,
    probe_urls,
    publisher_key_hashes,
)
from core.errors import ConfigError
from tests.core.test_config import GOOD, GUIDE_STATION


def test_publishers_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = parse_settings(GOOD, name="x")
    digest = hashlib.sha256(b"key").hexdigest()
    monkeypatch.setenv("HYTV_STUDIO_KEY_SHA256", digest.upper() + "\n")
    assert publisher_key_hashes(settings) == {("hytv", "studio"): bytes.fromhex(digest)}


def test_every_missing_key_is_named_and_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    more = '[[channels.inputs]]\nname = "b"\nprotocol = "icecast"\nkey_sha256_env = "SECOND"\n'
    settings = parse_settings(GOOD + more, name="x")
    monkeypatch.delenv("HYTV_STUDIO_KEY_SHA256", raising=False)
    monkeypatch.setenv("SECOND", "the key itself")
    with pytest.raises(ConfigError) as caught:
        publisher_key_hashes(settings)
    first, second = str(caught.value).splitlines()
    assert "hytv/studio: the variable HYTV_STUDIO_KEY_SHA256 is not set" in first
    assert "hyfm/b: the variable SECOND holds no SHA-256" in second
    assert "the key itself" not in str(caught.value)


def test_the_internal_secret_is_needed_and_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    variable = INTERNAL_SECRET_VARIABLE
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigError, match=variable):
        internal_secret()
    monkeypatch.setenv(variable, "short")
    with pytest.raises(ConfigError, match="16 characters"):
        internal_secret()
    monkeypatch.setenv(variable, "0123456789abcdef")
    assert internal_secret() == "0123456789abcdef"


def test_children_get_a_secret_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INTERNAL_SECRET_VARIABLE, raising=False)
    one, other = child_environment(), child_environment()
    assert one[INTERNAL_SECRET_VARIABLE] != other[INTERNAL_SECRET_VARIABLE]
    monkeypatch.setenv(INTERNAL_SECRET_VARIABLE, "given by the operator")
    assert child_environment()[INTERNAL_SECRET_VARIABLE] == "given by the operator"


def test_operators_keys_and_the_database_come_from_the_environment() -> None:
    operator = '[control]\ndatabase_env = "DB"\n'
    operator += '[[control.operators]]\nname = "hoa"\nkey_sha256_env = "HOA"\n'
    settings = parse_settings(GUIDE_STATION.format(more=operator, ids=""), name="x")
    assert operator_key_hashes(settings, {"HOA": "AB" * 32}) == {"hoa": b"\xab" * 32}
    with pytest.raises(ConfigError, match="operator hoa: the variable HOA holds no SHA-256"):
        operator_key_hashes(settings, {"HOA": "key itself"})
    url = "postgresql+psycopg://lensong@db/lensong"
    assert database_url(settings, {"DB": url}) == url
    with pytest.raises(ConfigError, match="the variable DB is not set"):
        database_url(settings, {})
    plain = parse_settings(GUIDE_STATION.format(more="", ids=""), name="x")
    assert database_url(plain, {}) is None


def test_addresses_of_foreign_channels_come_from_settings_or_environment() -> None:
    probes = """
[[monitoring.probes]]
name = "plain"
url = "https://far.example/x.m3u8"
[[monitoring.probes]]
name = "closed"
url_env = "CLOSED_URL"
"""
    settings = parse_settings(GOOD + probes, name="test")
    address = "https://u:secret@far.example/y.m3u8"
    assert probe_urls(settings, {"CLOSED_URL": address}) == {
        "plain": "https://far.example/x.m3u8",
        "closed": address,
    }
    for wrong in ({}, {"CLOSED_URL": "secret"}):
        with pytest.raises(ConfigError, match="probe closed: the variable CLOSED_URL") as caught:
            probe_urls(settings, wrong)
        assert "secret" not in str(caught.value)
    for both in ("", 'url = "https://a.example/"\nurl_env = "X"\n'):
        with pytest.raises(ConfigError, match="wants url or url_env"):
            parse_settings(f'{GOOD}\n[[monitoring.probes]]\nname = "x"\n{both}', name="test")

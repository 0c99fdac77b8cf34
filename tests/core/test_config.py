"""core.config: every fault of a file is named at once, in words, and nothing starts."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from core.config import ChannelSettings, Settings, SettingsModel, load_settings, parse_settings
from core.errors import ConfigError

GOOD = """
[station]
name = "Báo và Phát thanh, Truyền hình Hưng Yên"

[[channels]]
slug = "hytv"
name = "Truyền hình Hưng Yên"
kind = "tv"
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "HYTV_STUDIO_KEY_SHA256"

[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
"""
TV = '[station]\nname = "H"\n[[channels]]\nslug = "tv"\nname = "T"\nkind = "tv"\n'


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, name="station.toml")
    return str(caught.value).splitlines()


def settings_models(base: type[BaseModel] = SettingsModel) -> list[type[BaseModel]]:
    return [model for found in base.__subclasses__() for model in (found, *settings_models(found))]


def test_reads_a_file() -> None:
    settings = parse_settings(GOOD, name="station.toml")
    assert [channel.slug for channel in settings.channels] == ["hytv", "hyfm"]
    assert settings.channel("hytv").inputs[0].key_sha256_env == "HYTV_STUDIO_KEY_SHA256"
    assert settings.programme_admin_port("hyfm") == 9141
    assert settings.packager_socket == Path("/run/lensong/packager.sock")


def test_names_are_composed_unicode() -> None:
    decomposed = unicodedata.normalize("NFD", GOOD)
    assert decomposed != GOOD
    assert parse_settings(decomposed, name="x") == parse_settings(GOOD, name="x")


def test_every_setting_is_described() -> None:
    for model in settings_models():
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_fault_is_reported_at_once() -> None:
    text = GOOD.replace('kind = "tv"', 'kind = "film"\nladder = "4k"').replace(
        "[station]", "[station]\nlogo = 1\n[network]\nhttp_port = 0\n[paths]"
    )
    assert faults_of(text) == [
        "station.toml: station.name: is missing",
        "station.toml: station.logo: there is no such setting",
        "station.toml: paths.name: there is no such setting",
        "station.toml: network.http_port: Input should be greater than or equal to 1",
        "station.toml: channels[hytv].kind: Input should be 'tv' or 'radio'",
        "station.toml: channels[hytv].ladder: Input should be '1080p', '720p', '480p' or '360p'",
    ]


def test_a_typing_mistake_is_found_at_start() -> None:
    assert faults_of(TV + "jiter_buffer_ms = 200") == [
        "station.toml: channels[tv].jiter_buffer_ms: there is no such setting"
    ]


@pytest.mark.parametrize("rate", ["24", "30", "29.97", "60"])
def test_another_frame_rate_is_refused_with_the_reason(rate: str) -> None:
    (fault,) = faults_of(TV + f"frame_rate = {rate}")
    assert "3.84 s" in fault
    assert "only 25 and 50" in fault


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('name = "a"\nprotocol = "rtmp"', "needs key_sha256_env; nobody may publish without"),
        ('name = "a"\nprotocol = "icecast"\nkey_sha256_env = "K"\npath = "/x"', "has no path"),
        ('name = "a"\nprotocol = "file"', "a file input needs path"),
        ('name = "a"\nprotocol = "file"\npath = "/x"\nkey_sha256_env = "K"', "no publisher"),
        ('name = "slate"\nprotocol = "file"\npath = "/x"', "source of the platform's own"),
    ],
)
def test_an_input_fits_its_protocol(lines: str, reason: str) -> None:
    (fault,) = faults_of(f"{TV}[[channels.inputs]]\n{lines}")
    assert reason in fault


def test_a_time_zone_is_one_that_exists() -> None:
    for name in ("Asia/Hung_Yen", "/etc/passwd", "Asia", ""):
        (fault,) = faults_of(TV.replace('"H"', f'"H"\ntimezone = "{name}"'))
        assert "no time zone" in fault


@pytest.mark.parametrize(
    "address",
    [
        "xem.vn",
        "ftp://xem.vn",
        "https://xem.vn/",
        "https://a@xem.vn",
        'https://x\\"',
        "https://x y",
    ],
)
def test_a_public_address_is_an_origin(address: str) -> None:
    (fault,) = faults_of(TV.replace('"H"', f'"H"\npublic_url = "{address}"'))
    assert "is not scheme and name alone" in fault
    for good in ("https://xem.hungyen.vn", "http://10.0.0.7:8080", "http://[::1]:8080"):
        parse_settings(TV.replace('"H"', f'"H"\npublic_url = "{good}"'), name="x")


def test_a_logo_is_a_picture() -> None:
    (fault,) = faults_of(TV + 'logo = "/etc/shadow"')
    assert "does not end in one of .png" in fault
    assert parse_settings(TV + 'logo = "a.PNG"', name="x").channels[0].logo == Path("a.PNG")


def test_names_that_stand_twice() -> None:
    one = '[[channels.inputs]]\nname = "a"\nprotocol = "file"\npath = "/x"\n'
    assert "two inputs are called a" in faults_of(TV + one + one)[0]
    rung = '[[channels.renditions]]\nname = "r"\nwidth = 640\nheight = 360\nvideo_kbps = 500\n'
    assert "two renditions are called r" in faults_of(TV + rung + rung)[0]
    channel = TV[TV.index("[[channels]]") :]
    assert "two channels have the slug tv" in faults_of(TV + channel)[0]


def test_a_ladder_falls() -> None:
    """Each rung is made from the one above it."""
    rung = '[[channels.renditions]]\nname = "{0}"\nwidth = {1}\nheight = 360\nvideo_kbps = 500\n'
    (fault,) = faults_of(TV + rung.format("low", 480) + rung.format("high", 640))
    assert "rendition high is larger than low" in fault


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("http_port = 1935", "two ports in [network] are the same"),
        ("origin_admin_port = 9140", "runs into"),
        ("http_port = 9121\n[origin]\ncount = 2", "network.origin_admin_port (9120, 2 in a row)"),
    ],
)
def test_ports_do_not_run_into_each_other(network: str, reason: str) -> None:
    (fault,) = faults_of(f"{TV}[network]\n{network}")
    assert reason in fault


def test_a_file_that_is_not_toml() -> None:
    (fault,) = faults_of("[station\n")
    assert fault.startswith("station.toml: is not TOML: ")


def test_a_file_without_channels() -> None:
    assert faults_of('[station]\nname = "H"') == ["station.toml: channels: is missing"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_settings(tmp_path / "none.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "Y\xean"')
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_settings(latin)


def test_loads_what_stands_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_settings(path) == parse_settings(GOOD, name="x")


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = parse_settings(GOOD, name="x")
    with pytest.raises(ValueError, match="frozen"):
        monkeypatch.setattr(settings.station, "name", "other")


def test_an_unknown_channel_is_answered_with_the_known() -> None:
    with pytest.raises(ConfigError, match="no channel 'vtv'; there are: hytv, hyfm"):
        parse_settings(GOOD, name="x").channel("vtv")


def test_unexpected_shapes_are_faults_not_crashes() -> None:
    shapes: list[Any] = ["channels = 3", 'channels = ["x"]', "[[channels]]\n[station]\nname = 1"]
    for text in shapes:
        assert faults_of(text)


def test_channel_settings_have_the_promised_defaults() -> None:
    channel = ChannelSettings(slug="x", name="X", kind="tv")
    assert (channel.jitter_buffer_ms, channel.patience_ms) == (200, 400)
    assert channel.return_after_s == 10.0
    assert Settings.model_fields["channels"].is_required()


def test_two_operators_of_one_name_and_a_name_of_two_channels_are_refused() -> None:
    operator = '[[control.operators]]\nname = "hoa"\nkey_sha256_env = "A"\n'
    with pytest.raises(ConfigError, match="two operators are called hoa"):
        parse_settings(GUIDE_STATION.format(more=operator * 2, ids=""), name="x")
    with pytest.raises(ConfigError, match="guide_ids: hyfm would mean two channels"):
        parse_settings(GUIDE_STATION.format(more="", ids='guide_ids = ["HYFM"]'), name="x")


def test_the_control_rooms_ports_are_its_own() -> None:
    for line in ("api_port = 8080", "control_admin_port = 9120", "monitoring_port = 8082"):
        more = f"[network]\n{line}\n"
        with pytest.raises(ConfigError, match=r"are the same|runs into"):
            parse_settings(GUIDE_STATION.format(more=more, ids=""), name="x")


GUIDE_STATION = """
[station]
name = "Đài"
{more}
[[channels]]
slug = "hytv"
name = "hytv"
kind = "tv"
{ids}
[[channels]]
slug = "hyfm"
name = "hyfm"
kind = "radio"
"""

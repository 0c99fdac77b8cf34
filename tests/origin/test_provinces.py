"""origin.provinces: where a network is, from a table in MaxMind's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from core.errors import ConfigError
from origin.provinces import NO_PROVINCES, Provinces, open_provinces

HUNG_YEN = {
    "country": {"iso_code": "VN"},
    "subdivisions": [{"iso_code": "66", "names": {"vi": "Hưng Yên", "en": "Hung Yen"}}],
}
TABLE: dict[str, Any] = {
    "113.160.0.0/16": HUNG_YEN,
    "113.160.9.0/24": {
        "country": {"iso_code": "VN"},
        "subdivisions": [{"iso_code": "HN", "names": {"en": "Hanoi"}}],
    },
    "203.113.0.0/16": {"country": {"iso_code": "VN"}, "subdivisions": [{"iso_code": "SG"}]},
    "203.114.0.0/16": {"country": {"iso_code": "VN"}},
    "8.8.8.0/24": {"country": {"iso_code": "US"}, "subdivisions": [{"names": {"en": "Texas"}}]},
    "2001:ee0::/32": {"subdivisions": [{"names": {"vi": "Hưng Yên"}}]},
    "198.51.100.0/24": {"country": "VN", "subdivisions": "x"},
}


def write_table(path: Path) -> Path:
    """Write the table; the wider networks first."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City")
    for network, found in TABLE.items():
        writer.insert_network(IPSet([network]), found)
    writer.to_db_file(str(path))
    return path


@pytest.fixture(scope="module")
def provinces(tmp_path_factory: pytest.TempPathFactory) -> Provinces:
    return open_provinces(write_table(tmp_path_factory.mktemp("table") / "city.mmdb"))


@pytest.mark.parametrize(
    ("address", "province"),
    [
        ("113.160.1.1", "Hưng Yên"),
        ("113.160.9.255", "Hanoi"),
        ("203.113.7.7", "SG"),
        ("203.114.7.7", "VN"),
        ("8.8.8.8", "US"),
        ("2001:ee0:1:2::", "Hưng Yên"),
        ("198.51.100.1", ""),
        ("9.9.9.9", ""),
        ("", ""),
        ("edge.example.vn", ""),
    ],
)
def test_a_network_has_its_province_and_abroad_its_country(
    provinces: Provinces, address: str, province: str
) -> None:
    assert provinces.of(address) == province


def test_without_a_table_nothing_is_known() -> None:
    assert open_provinces(None) is NO_PROVINCES
    assert NO_PROVINCES.of("113.160.1.1") == ""


@pytest.mark.parametrize("content", [None, b"", b"prefix,province\n" * 50])
def test_what_is_no_table_is_refused_with_the_settings_name(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "table.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"origin\.provinces_file: .*table\.mmdb: no table"):
        open_provinces(path)

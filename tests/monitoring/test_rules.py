"""The rules: what Prometheus' own tool says of them, and what they make of every fault."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docs.generate import prometheus_files
from monitoring.alerting import alerts_of, rule_groups
from monitoring.rules import Record, render_rules
from tests.monitoring.promql import catalogue, faults_of, known_families, names_in
from tests.monitoring.promtool import promtool, render_tests
from tests.monitoring.rule_scenarios import HEALTHY, SCENARIOS
from tests.monitoring.ticket_scenarios import TICKETS

DEPLOYED = Path(__file__).parent.parent.parent / "deploy" / "prometheus"
RULES = DEPLOYED / "rules.yml"
GROUPS = rule_groups()
RECORDED = {
    rule.name: rule.expr for group in GROUPS for rule in group.rules if isinstance(rule, Record)
}
EXPRESSIONS = {
    **RECORDED,
    **{
        f"{alert.name} ({case.stage})": case.expr
        for alert in alerts_of(GROUPS)
        for case in alert.cases
    },
}
AWAITED: frozenset[str] = frozenset()
"""Families that rules read and that are not on main yet."""


def test_the_committed_files_are_made_from_the_code() -> None:
    for name, text in prometheus_files().items():
        assert (DEPLOYED / name).read_text(encoding="utf-8") == text, "run `make reference`"


@pytest.mark.services
def test_promtool_finds_the_files_in_order() -> None:
    for words in (
        ("check", "rules", str(RULES)),
        ("check", "config", f"{DEPLOYED}/prometheus.yml"),
    ):
        found = promtool(*words)
        assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.services
@pytest.mark.timeout(120)
def test_every_fault_raises_its_alert_and_no_other_page(tmp_path: Path) -> None:
    """Two tools side by side, since each uses one processor."""
    scenarios = (*SCENARIOS, *TICKETS)

    def run(share: int) -> str:
        file = tmp_path / f"{share}.yml"
        file.write_text(render_tests(RULES, scenarios[share::2]), encoding="utf-8")
        found = promtool("test", "rules", str(file))
        return "" if found.returncode == 0 else found.stdout + found.stderr

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(run, (0, 1))) == ["", ""]


def test_every_alert_has_a_scenario_that_raises_it_and_moments_without_it() -> None:
    asked = [
        alerts
        for scenario in (*SCENARIOS, *TICKETS)
        for moments in (scenario.pages, scenario.tickets)
        for alerts in moments.values()
    ]
    raised = {alert.partition("{")[0] for alerts in asked for alert in alerts}
    names = {alert.name for alert in alerts_of(GROUPS)} - {"Watchdog"}
    assert raised == names
    for name in names:
        assert any(all(not alert.startswith(name) for alert in alerts) for alerts in asked)


def test_every_stage_of_an_alert_is_raised_by_a_scenario() -> None:
    texts = [
        alert
        for scenario in (*SCENARIOS, *TICKETS)
        for moments in (scenario.pages, scenario.tickets)
        for alerts in moments.values()
        for alert in alerts
    ]
    for alert in alerts_of(GROUPS):
        if alert.name in {"Watchdog", "LoopLag"}:  # LoopLag's stages differ by a name alone
            continue
        for case in alert.cases:
            stage = f'stage="{case.stage}"'
            assert [text for text in texts if text.startswith(alert.name) and stage in text], (
                f"{alert.name} {case.stage}"
            )


@pytest.mark.services
def test_an_alert_says_what_happened_in_two_languages(tmp_path: Path) -> None:
    """The texts are filled in, and lead to the runbook."""
    alert = {
        "alertname": "EncoderSlow",
        "eval_time": "80s",
        "exp_alerts": [
            {
                "exp_labels": {"severity": "page", "stage": "encoder", "channel": "hytv"},
                "exp_annotations": {
                    "summary": (
                        "hytv: bộ mã hoá không theo kịp / hytv: the encoder does not keep up"
                    ),
                    "description": (
                        "Bộ mã hoá chỉ đạt 0.90 lần thời gian thực trong 20 giây; kênh sẽ ngắt "
                        "quãng hoặc mất hẳn. Xem tải CPU của máy chủ trước. / It has encoded at "
                        "0.90 of real time for 20 s; viewers will see stalls or nothing. Look at "
                        "the host's processors first."
                    ),
                    "runbook_url": "http://127.0.0.1:8084/runbooks/EncoderSlow",
                },
            }
        ],
    }
    series = dict(HEALTHY)
    series['lensong_encoder_speed_ratio{channel="hytv",encoder="a"}'] = "1x11 0.9x20"
    group = {
        "interval": "5s",
        "input_series": [{"series": key, "values": text} for key, text in series.items()],
        "alert_rule_test": [alert],
    }
    file = tmp_path / "texts.yml"
    tests = {"rule_files": [str(RULES)], "evaluation_interval": "5s", "tests": [group]}
    file.write_text(json.dumps(tests), encoding="utf-8")
    found = promtool("test", "rules", str(file))
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("what", sorted(EXPRESSIONS))
def test_every_name_and_label_of_a_rule_exists(what: str) -> None:
    families = known_families()
    families |= {name: catalogue()[name] for name in AWAITED - families.keys()}
    assert list(faults_of(EXPRESSIONS[what], families, RECORDED)) == []


@pytest.mark.parametrize(
    ("expr", "fault"),
    [
        ("lensong_encoder_sped_ratio < 1", "nobody makes lensong_encoder_sped_ratio"),
        ("lensong_encoder_up_bucket", "nobody makes lensong_encoder_up_bucket"),
        ('lensong_encoder_up{chanel="x"}', "lensong_encoder_up has no label chanel"),
        ("channel:lensong_segment_age:max", "nobody makes channel:lensong_segment_age:max"),
        ("lensong_switch_gap_seconds", "nobody makes lensong_switch_gap_seconds"),
    ],
)
def test_a_misspelt_name_is_found(expr: str, fault: str) -> None:
    assert list(faults_of(expr, known_families(), RECORDED)) == [fault]


def test_a_misspelt_grouping_is_found() -> None:
    (fault,) = faults_of("sum by (chanel) (lensong_encoder_up)", known_families(), RECORDED)
    assert fault.startswith("nothing below sum by (chanel) has that label")


@pytest.mark.services
@pytest.mark.timeout(60)
def test_a_misspelt_rule_fails_its_scenario(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    text = RULES.read_text(encoding="utf-8")
    misspelt = text.replace("lensong_encoder_speed_ratio", "lensong_encoder_sped_ratio")
    assert misspelt != text
    rules.write_text(misspelt, encoding="utf-8")
    tests = tmp_path / "tests.yml"
    slow = [scenario for scenario in SCENARIOS if scenario.name.startswith("an encoder at 0.9 ")]
    assert len(slow) == 1
    tests.write_text(render_tests(rules, slow), encoding="utf-8")
    assert promtool("test", "rules", str(tests)).returncode == 1


def test_rules_of_an_installation_have_its_addresses_and_limits() -> None:
    text = render_rules(rule_groups(held_limit=1000), runbooks_url="https://theo.doi.vn/runbooks")
    assert "sum by (instance) (lensong_origin_blocked_requests) > 800" in text
    links = set(re.findall(r'runbook_url: "(.*)"', text))
    assert "https://theo.doi.vn/runbooks/ChannelOffAir" in links
    assert {link.rpartition("/")[0] for link in links} == {"https://theo.doi.vn/runbooks"}


def test_labels_of_alerts_are_those_that_mails_and_pages_know() -> None:
    stages = {"input", "switcher", "encoder", "packager", "archive", "origin", "player"}
    for alert in alerts_of(GROUPS):
        assert alert.severity in {"page", "ticket"} or alert.name == "Watchdog"
        assert {case.stage for case in alert.cases} <= stages | {"monitoring"}


def test_rules_read_only_what_is_used_by_the_names_of_the_catalogue() -> None:
    read = {name for expr in EXPRESSIONS.values() for name in names_in(expr)}
    own = {"up", "ALERTS", ""}
    assert {name for name in read - own if ":" not in name} <= set(catalogue())

"""Numbers and sentences in two languages."""

import re
from importlib import resources

import pytest

from egide.model.delivery import RULES
from egide.model.event import EventKind
from egide.model.messages import LANGUAGES, known
from egide.model.permit import OutputState, PermitState, ProjectState
from egide.model.table import DataClass, Domain, Kind, Severity
from egide.portal.words import HARD, NARROW, Words
from egide.rules.acts import DECISIONS

FR, EN = Words("fr"), Words("en")
TEMPLATES = resources.files("egide.portal").joinpath("templates")
UNSHOWN = {"submit", "withdraw", "revoke", "enrol", "declare", "accept"}  # acts that no page lists
FAMILIES = {
    "menu-": ("catalogue", "deliveries", "projects", "ledger"),
    "class-": [c.value for c in DataClass],
    "kind-": [*(k.value for k in Kind), "holder", "dataset", "table", "column", "code"],
    "identifies-": [d.value for d in Domain],
    "severity-": [s.value for s in Severity],
    "verdict-": ("accepted", "refused", "unchanged", "dry-run"),
    "quantile-": ("p5", "p25", "p50", "p75", "p95"),
    "rows-": ("accepted", "quarantined", "flagged", "clean"),
}


def test_numbers_are_written_as_each_language_writes_them() -> None:
    assert FR.number(1234567) == f"1{NARROW}234{NARROW}567"
    assert EN.number(1234567) == "1,234,567"
    assert FR.number(2.5) == "2,5"
    assert FR.number(None) == "–"
    assert FR.count(None) == "moins de 11"
    assert FR.percent(0.125) == f"12,5{NARROW}%"
    assert EN.percent(0.0004) == f"<{HARD}0.1%"
    assert FR.size(91_930_112) == f"91,9{HARD}Mo"
    assert EN.size(512) == f"512{HARD}bytes"
    assert FR.seconds(125) == f"2{HARD}min{HARD}05"
    assert FR.seconds(3.14) == f"3,1{HARD}s"
    assert FR.month("2021-03") == "mars 2021"
    assert FR.month("2021") == "2021"
    assert FR.month("-500") == "-500"
    assert FR.day("2026-11-21T22:10:04Z") == "21/11/2026 22:10 UTC"
    assert EN.day("2026-11-21") == "2026-11-21"


def test_french_signs_stay_with_their_word() -> None:
    assert f"quarantaine{HARD};" in FR("severities")
    assert " ;" not in FR("severities")
    assert "d’une" in FR("demo-title")


def test_stressed_words_do_not_let_a_fact_write_html() -> None:
    said = EN.rich("delivery-from", holder="<script>", dataset="d", level="C0")
    assert "<script>" not in said
    assert "<strong>&lt;script&gt;</strong>" in said


@pytest.mark.parametrize("template", [t.name for t in TEMPLATES.iterdir() if t.name.endswith(".html")])
def test_every_sentence_a_page_asks_for_exists(template: str) -> None:
    text = TEMPLATES.joinpath(template).read_text("utf-8")
    for key, joined in re.findall(r"""\bt(?:\.rich)?\(["']([a-z0-9-]+)["']( ~)?""", text):
        wanted = [f"{key}{end}" for end in FAMILIES[key]] if joined else [key]
        for one in wanted:
            assert known(f"portal.{one}"), one


@pytest.mark.parametrize("lang", LANGUAGES)
def test_rules_and_events_have_names(lang: str) -> None:
    words = Words(lang)
    for rule in RULES:
        assert known(f"portal-rule.{rule}"), rule
        assert words.name("rule", rule)
    for state in (
        *PermitState,
        *ProjectState,
        *OutputState,
        *(d for said in DECISIONS.values() for d in said),
    ):
        assert known(f"portal-state.{state}") or state in UNSHOWN, state
    for kind in EventKind:
        assert known(f"event.{kind.value}"), kind

"""The house itself: what installs, what is written at install, and what a repository must not say."""

import json
import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from egide.adapters.sbom import bill_of_materials

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_each_locked_line_is_pinned_and_hashed(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", lock.read_text())
    pins = [b for b in blocks if b.strip() and not b.startswith("#")]
    assert len(pins) > 5
    for pin in pins:
        assert re.match(r"[a-z0-9._-]+==\S+", pin), pin.splitlines()[0]
        assert "--hash=sha256:" in pin, pin.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_locks_hold_no_index_address(lock: Path) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock.read_text())


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8")
    for file in ("base.in", "dev.in"):
        for line in (ROOT / "requirements" / file).read_text().splitlines():
            if line and not line.startswith(("#", "-")):
                name = re.split(r"[=<>]", line)[0]
                assert f"`{name}`" in reasons, name


def test_the_bill_lists_what_is_installed_and_is_the_same_twice() -> None:
    bill = bill_of_materials()
    assert bill == bill_of_materials()
    listed = {c["name"]: c["version"] for c in json.loads(bill)["components"]}
    for name in ("cryptography", "duckdb", "pyarrow", "sqlglot"):
        assert listed[name] == metadata.version(name)
    assert json.loads(bill)["metadata"]["component"]["name"] == "egide"


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert all(f"\n{n}." in text for n in range(1, 16))
    assert "Appendix" in text


def test_integration_runs_the_tests_and_nothing_else() -> None:
    lines = [
        line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert lines[-1] == "exec make test"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_no_module_is_too_long_to_read() -> None:
    for path in tracked():
        if path.suffix == ".py":
            assert len(path.read_text("utf-8").splitlines()) <= 400, path.relative_to(ROOT)


def test_modules_say_what_they_are_for() -> None:
    for path in (p for p in tracked() if p.suffix == ".py" and p.is_relative_to(ROOT / "egide")):
        if path.parent.name == "migrations":  # written by Django
            continue
        assert path.read_text("utf-8").lstrip().startswith('"""'), path.relative_to(ROOT)


def test_the_threat_model_names_tests_that_exist() -> None:
    text = (ROOT / "docs/threat-model.md").read_text("utf-8")
    named = set(re.findall(r"`(tests/[^`]+)`", text))
    assert len(named) > 10
    for path in named:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", ["README.md", "docs/story.md"])
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8")):
        if "://" not in target:
            assert (file.parent / target).exists(), target

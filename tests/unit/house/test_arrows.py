"""The contracts of pyproject.toml see the breaches they are there for."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# file to plant -> (what it holds, the contract that must break)
BREACHES = {
    "model/planted.py": ("import egide.stages", "each layer imports only those below"),
    "adapters/planted.py": ("import egide.stages", "adapters know no stage, no rule, no model of data"),
    "journey/planted.py": ("import egide.adapters.sbom", "only the wiring picks an adapter"),
    "rules/planted.py": ("import hmac", "a cipher is touched in egide.crypto alone"),
    "rules/ciphers.py": ("import cryptography", "a cipher is touched in egide.crypto alone"),
    "stages/planted.py": ("import django", "Django stays in the portal and the records"),
    "synth/planted.py": ("import egide.ports", "the generator knows model and registry"),
}


def arrows(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder), "PATH": ""}, capture_output=True, text=True
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "egide", tmp_path / "egide", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(folder: Path, file: str, line: str) -> None:
    path = folder / "egide" / file
    if not path.parent.exists() and path.parent.with_suffix(".py").exists():
        path = path.parent.with_suffix(".py")
    path.parent.mkdir(exist_ok=True)
    for init in (path.parent / "__init__.py", path):
        init.touch()
    path.write_text(f"{path.read_text()}\n{line}\n")


def test_every_planted_breach_is_named(copy: Path) -> None:
    for file, (line, _) in BREACHES.items():
        plant(copy, file, line)
    plant(copy, "stages/one.py", "")
    plant(copy, "stages/two.py", "from egide.stages import one")
    said = arrows(copy)
    assert said.returncode == 1
    broken = said.stdout.split("Broken contracts")[1]
    for _, contract in BREACHES.values():
        assert contract in broken
    assert "egide.stages.two -> egide.stages.one" in broken


def test_the_nouns_import_the_standard_library_only() -> None:
    for file in (ROOT / "egide" / "model").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert top in sys.stdlib_module_names or name == "egide" or name.startswith("egide.model"), (
                    file
                )

"""A hub run as people run it, on a delivery full of canaries, under the eyes of somebody who reads what they can."""

import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from egide.model.errors import HubError
from egide.model.table import Kind
from egide.registry import model_of, resolve
from egide.synth.snds import write
from support.plain import IDENTIFIERS, write_delivery

TYPED = Path(__file__).parent / "typed.py"
SPOOL = 100_000  # bytes: every table but the smallest is spilled
CANARY = re.compile(r"KANARI\d{5}VQZ\w*")
TERMS = """
project = "SEARCH"
dataset = "snds-chose"
purpose = "a proof"
legal_basis = "a proof"
persons = ["ada"]
years = "2020-2020"
start = 2024-01-01
end = 2099-12-31
[tables]
IR_BEN_R = ["person"]
"""


@dataclass(frozen=True)
class Words:
    """What must be found nowhere. `transient` canaries stand in identifiers: not even the rows in clear hold them."""

    canaries: frozenset[str]
    transient: frozenset[str]
    identifiers: frozenset[str]

    @property
    def all(self) -> set[str]:
        return set(self.canaries | self.identifiers)


class Planter:
    """Canaries, each used once."""

    def __init__(self) -> None:
        self.count = 0

    def word(self, length: int = 14) -> str:
        self.count += 1
        return f"KANARI{self.count:05d}VQZ" + "K" * (length - 14)


def source(folder: Path) -> Path:
    """A synthetic delivery with canaries in free texts, row keys, identifiers, and rows that will be refused."""
    write(folder / "made", people=400, years=range(2020, 2021), seed=8)
    planter = Planter()
    files = {}
    for path in sorted((folder / "made").glob("*.csv")):
        name = next(t for t in (path.stem, path.stem.rpartition("_")[0]) if _is_table(t))
        files[path.name] = (name, _planted(path.read_text("utf-8").splitlines(), name, planter))
    return write_delivery(folder / "source", files, id="canaries", holder="chose")


def _is_table(name: str) -> bool:
    try:
        resolve(model_of("snds"), name)
    except HubError:
        return False
    return True


def _planted(lines: list[str], name: str, planter: Planter) -> bytes:
    table, _ = resolve(model_of("snds"), name)
    names, rows = lines[0].split(";"), [line.split(";") for line in lines[1:]]
    wide = [
        c
        for c in table.columns
        if c.kind is Kind.TEXT
        and (c.length or 0) >= 14
        and not c.codes
        and not c.domain
        and c.name not in names
    ]
    for column in wide:
        names.append(column.name)
        for number, row in enumerate(rows):
            row.append(planter.word() if number < 4 else "")
    if table.name == "ER_PRS_F":
        for row in rows[:2]:
            row[names.index("BEN_NIR_PSA")] = planter.word(17)
    if "DCD_IDT_ENC" in names:
        for row in rows[:2]:
            row[names.index("DCD_IDT_ENC")] = planter.word(30)
    text = [";".join(row) for row in (names, *rows)]
    return "\n".join([*text, *_refused(names, rows[-1], planter)]).encode() + b"\n"


def _refused(names: list[str], row: list[str], planter: Planter) -> list[str]:
    """Lines for quarantine: a cell too many, a control character, a text where another form is due."""
    spoilt = [*row]
    spoilt[0] = planter.word() + "\x07"
    wrong = [planter.word(40), *row[1:]]
    return [";".join([*row, planter.word()]), ";".join(spoilt), ";".join(wrong)]


def words_of(folder: Path) -> Words:
    canaries, transient, identifiers = set(), set(), set()
    for path in folder.glob("*.csv"):
        text = path.read_text("utf-8")
        canaries |= set(CANARY.findall(text))
        rows = csv.DictReader(text.splitlines(), delimiter=";", restval="", restkey="more")
        tables = model_of("snds").tables.values()
        named = {c.name for t in tables for c in t.columns if c.domain and c.domain.value in IDENTIFIERS}
        for row in rows:
            values = {row[n] for n in named & row.keys() if row[n] and len(row[n]) >= 8}
            identifiers |= {v for v in values if not CANARY.search(v)}
            transient |= {v for v in values if CANARY.fullmatch(v)}
    return Words(frozenset(canaries), frozenset(transient & canaries), frozenset(identifiers))


@dataclass
class Run:
    place: Path
    sealing: bool
    printed: dict[str, bytes] = field(default_factory=dict)
    processes: set[bytes] = field(default_factory=set)
    json: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.place / ("sealed" if self.sealing else "bare")
        self.home, self.source = self.folder / "home", self.place / "source"
        self.temps = [self.home / "temp", self.folder / "tmp"]
        self.aside = self.folder / "aside"
        for folder in (self.folder / "tmp", self.aside):
            folder.mkdir(parents=True)
        if not self.source.exists():
            source(self.place)

    def delivery(self) -> "Run":
        card = self.folder / "card.json"
        said = self.types(("init",), ("status", "--card"))
        card.write_text(said[said.index("{") :])
        package, holder = self.folder / "package", self.folder / "chose.json"
        with self.elsewhere():
            made = json.loads(
                self.type(
                    "pseudonymise", self.source, "--domain", "snds", "--card", card, "--out", package, "--as", holder,
                    "--json",
                )
            )  # fmt: skip
        self.type("holder", "add", "chose", "--domain", "snds", "--key", made["key"])
        with self.watched():
            self.json["deliver"] = json.loads(self.type("deliver", package, "--holder", "chose", "--json"))
        return self

    def journey(self) -> "Run":
        """On to a researcher's answer, with a look at everything that shows something."""
        self.delivery()
        (self.folder / "terms.toml").write_text(TERMS)
        ada, state, board = (("--as", self.folder / f"{n}.json") for n in ("ada", "state", "board"))
        accounts = [
            ("account", "add", path.stem, "--role", role, "--out", path)
            for (_, path), role in ((ada, "researcher"), (state, "authority"), (board, "committee"))
        ]
        terms = ("--project", "SEARCH", "--terms", self.folder / "terms.toml")
        said = self.types(
            *accounts,
            ("project", "apply", self.folder / "terms.toml", *ada),
            ("project", "opinion", "SEARCH", "--decision", "favourable", *board),
            ("project", "authorise", "SEARCH", "--decision", "grant", *state),
            ("permit", "issue", *terms, *state, "--json"),
        )
        permit = json.loads(said.splitlines()[-1])["id"]
        asked = ("query", "--permit", permit, "-", *ada)
        somebody = min(words_of(self.source).identifiers)
        counts = "SELECT BEN_SEX_COD, COUNT(*) AS persons FROM IR_BEN_R GROUP BY BEN_SEX_COD"
        with self.watched():
            self.json["query"] = json.loads(self.type(*asked, "--json", given=counts))
            curious = (
                f"SELECT COUNT(*) FROM IR_BEN_R WHERE BEN_NIR_PSA = '{somebody}' OR nothing('{somebody}') = 1"
            )
            self.type(*asked, given=curious, code=None)
            self.json["snapshot"] = json.loads(self.type("snapshot", "verify", "--json"))
            self.types(
                ("quarantine", "show", "canaries", "--limit", "10000"),
                ("catalogue", "show", "snds-chose"),
                ("ledger", "show", "--limit", "1000", "--json"),
                ("doctor",),
                ("deliver", self.folder / "package", "--holder", "chose"),
            )
        return self

    def types(self, *commands: tuple[object, ...]) -> str:
        """Several commands in one process."""
        first, *rest = commands
        return self.type(*first, *(word for command in rest for word in ("--then", *command)))

    def type(self, *arguments: object, given: str = "", code: int | None = 0) -> str:
        build = json.dumps({"spool": SPOOL, "sealing": self.sealing})
        given_away = {k: v for k, v in os.environ.items() if k not in ("EGIDE_HOME", "TMPDIR")}
        done = subprocess.run(
            [sys.executable, str(TYPED), build, *map(str, arguments)],
            input=given.encode(),
            capture_output=True,
            env=given_away | {"EGIDE_HOME": str(self.home), "TMPDIR": str(self.temps[1])},
            timeout=200,
            check=False,
        )
        self.printed[" ".join(map(str, arguments[:2]))] = done.stdout + done.stderr
        assert code in (None, done.returncode), done.stderr.decode()
        return done.stdout.decode()

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """At the holder's, on a machine of its own."""
        ours, self.temps = self.temps, [self.temps[0], self.place]
        yield
        self.temps = ours

    @contextmanager
    def watched(self) -> Iterator[None]:
        over = threading.Event()
        eyes = [
            threading.Thread(target=look, args=(over,)) for look in (self._keep_files, self._read_processes)
        ]
        for eye in eyes:
            eye.start()
        try:
            yield
        finally:
            over.set()
            for eye in eyes:
                eye.join()

    def _keep_files(self, over: threading.Event) -> None:
        """Links every temporary file aside as it appears: what is written to it later is seen as well."""
        seen: set[int] = set()
        while not over.is_set():
            for folder in self.temps:
                for path in folder.rglob("*"):
                    try:
                        found = path.lstat()
                        if path.is_file() and found.st_ino not in seen:
                            os.link(path, self.aside / f"{len(seen)}-{path.name}")
                            seen.add(found.st_ino)
                    except FileNotFoundError:
                        continue
            time.sleep(0.003)

    def _read_processes(self, over: threading.Event) -> None:
        ours = f"EGIDE_HOME={self.home}".encode()
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    surroundings = (process / "environ").read_bytes()
                    if ours in surroundings:
                        self.processes |= {(process / "cmdline").read_bytes(), surroundings}
                except OSError:
                    continue
            time.sleep(0.1)

    def store(self) -> list[Path]:
        return sorted(p for p in (self.home / "store").rglob("*") if p.is_file())

    def temporary(self) -> list[Path]:
        return sorted(self.aside.iterdir())

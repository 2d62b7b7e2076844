"""The whole small journey as people type it: from `egide init` to a released result, and a flipped byte found.

Each command runs in a process of its own, forked from one that has imported the libraries: what a fresh process
would do, without waiting twenty times for the same imports.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

PEOPLE = 300
FORKING = """
import gc, json, os, sys
import django.db.backends.sqlite3.base, django.core.management, django.core.serializers.json
import duckdb, numpy, pyarrow.parquet, rich.table, sqlglot, typer._adapters
import egide.adapters.keys.file.keyring, egide.journey.intake, egide.rules.sql.check, egide.portal
from egide.cli import main
gc.freeze()
for line in iter(sys.stdin.readline, ""):
    job = json.loads(line)
    child = os.fork()
    if not child:
        for target, name in enumerate(("in", "out", "err")):
            opened = os.open(job[name], os.O_RDONLY if target == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, target)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
        os.environ |= job["env"]
        code = main(job["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
TERMS = """
project = "ASTHMA"
dataset = "snds-cnam-c0"
purpose = "who uses care"
legal_basis = "test on class C0 data"
persons = ["ada"]
years = "2022-2023"
start = 2024-01-01
end = 2099-12-31
[tables]
IR_BEN_R = ["person", "place"]
"""
COUNTS = "SELECT BEN_SEX_COD, COUNT(*) AS persons FROM IR_BEN_R GROUP BY BEN_SEX_COD ORDER BY BEN_SEX_COD"
PEOPLE_OF = {
    "ada": ["researcher"],
    "state": ["committee", "authority"],
    "bruno": ["reviewer", "custodian"],
    "chloe": ["reviewer", "auditor"],
}


@dataclass
class Terminal:
    """Where commands are typed. `code`, `out` and `err` are of the last one."""

    folder: Path
    forking: "subprocess.Popen[str]"
    code: int = 0
    out: str = ""
    err: str = ""

    def type(self, *arguments: str, given: str = "", **environment: str) -> str:
        names = {name: str(self.folder / f"std{name}") for name in ("in", "out", "err")}
        Path(names["in"]).write_text(given)
        env = {
            "EGIDE_HOME": str(self.folder / "hub"),
            "EGIDE_LANG": "en",
            "XDG_CONFIG_HOME": str(self.folder),
        }
        job = {"arguments": arguments, "env": env | environment, **names}
        assert self.forking.stdin and self.forking.stdout
        self.forking.stdin.write(json.dumps(job) + "\n")
        self.forking.stdin.flush()
        self.code = int(self.forking.stdout.readline())
        self.out, self.err = Path(names["out"]).read_text(), Path(names["err"]).read_text()
        return self.out

    def json(self, *arguments: str, code: int = 0, given: str = "") -> Any:
        """Types a command with --json; its whole standard output is one object."""
        out = self.type(*arguments, "--json", given=given)
        assert self.code == code, self.err
        assert out.count("\n") == 1
        return json.loads(out)

    def refused(self, code: int, *arguments: str) -> str:
        """Types a command that is refused; the key of its error."""
        error = self.json(*arguments, code=code)["error"]
        assert error["exit"] == code and error["message"] in self.err and "Traceback" not in self.err
        return str(error["code"])

    def identity(self, name: str) -> str:
        return str(self.folder / f"{name}.json")

    def as_(self, name: str) -> tuple[str, str]:
        return "--as", self.identity(name)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("cli")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EGIDE_")}
    command = [sys.executable, "-c", FORKING]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as forking:
        yield Terminal(folder, forking)
        assert forking.stdin
        forking.stdin.close()


@pytest.fixture(scope="module")
def delivered(terminal: Terminal) -> dict[str, Any]:
    """A hub with one delivery; what `egide deliver` said."""
    made = terminal.json("init", "--name", "Essai")
    assert "warning" in terminal.err and Path(made["passphrase_file"]).stat().st_mode & 0o777 == 0o600
    out = str(terminal.folder / "delivery")
    written = terminal.json(
        "synth",
        "snds",
        out,
        "--people",
        str(PEOPLE),
        "--years",
        "2022-2023",
        "--seed",
        "7",
        "--defects",
        "0.001",
    )
    assert written["people"] == PEOPLE and written["class"] == "C0"
    return dict(terminal.json("deliver", out, "--holder", "cnam", "--report", out + ".html"))


@pytest.fixture(scope="module")
def permit(terminal: Terminal, delivered: dict[str, Any]) -> str:
    """A permit, asked for, opined on, authorised and issued."""
    for name, roles in PEOPLE_OF.items():
        given = [word for role in roles for word in ("--role", role)]
        made = terminal.json("account", "add", name, *given, "--out", terminal.identity(name))
        assert made["roles"] == roles and Path(made["identity"]).stat().st_mode & 0o777 == 0o600
    terms = terminal.folder / "terms.toml"
    terms.write_text(TERMS)
    assert terminal.json("project", "apply", str(terms), *terminal.as_("ada"))["status"] == "applied"
    issue = ("permit", "issue", "--project", "ASTHMA", "--terms", str(terms), *terminal.as_("state"))
    assert terminal.refused(1, *issue) == "permit.not-authorised"
    opinion = ("project", "opinion", "ASTHMA", "--decision", "favourable")
    assert terminal.refused(1, *opinion, *terminal.as_("ada")) == "act.not-your-role"
    assert terminal.json(*opinion, *terminal.as_("state"))["status"] == "favourable"
    granted = terminal.json("project", "authorise", "ASTHMA", "--decision", "grant", *terminal.as_("state"))
    assert granted["status"] == "authorised"
    return str(terminal.json(*issue)["id"])


def test_the_report_accounts_for_every_row(terminal: Terminal, delivered: dict[str, Any]) -> None:
    assert delivered["verdict"] == "accepted"
    assert delivered["rows_in"] == delivered["rows_accepted"] + delivered["rows_quarantined"] > PEOPLE
    page = (terminal.folder / "delivery.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "ER_PRS_F" in page
    refused = terminal.json("quarantine", "list", delivered["delivery"])["quarantine"]
    assert sum(r["rows"] for r in refused) == delivered["rows_quarantined"]
    shown = terminal.json("quarantine", "show", delivered["delivery"], "--limit", "3")["rows"]
    assert len(shown) == 3 and {"file", "line", "column", "rule"} <= shown[0].keys()


def test_the_same_delivery_changes_nothing(terminal: Terminal, delivered: dict[str, Any]) -> None:
    text = terminal.type("deliver", str(terminal.folder / "delivery"), "--holder", "cnam")
    assert terminal.code == 0 and "nothing changed" in text


def test_a_query_answers_in_the_promised_form(
    terminal: Terminal, permit: str, delivered: dict[str, Any]
) -> None:
    sql = (
        "SELECT PERSON_ID, BEN_SEX_COD, 1.50 AS price, BEN_DCD_DTE FROM IR_BEN_R ORDER BY BEN_DCD_DTE LIMIT 5"
    )
    found = terminal.json("query", "--permit", permit, "-", *terminal.as_("ada"), given=sql)
    assert found["columns"] == ["PERSON_ID", "BEN_SEX_COD", "price", "BEN_DCD_DTE"]
    assert found["snapshot"] == delivered["snapshot"] and found["exclusions"] == 0
    for person, sex, price, died in found["rows"]:
        assert len(person) == 32 and set(person) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        assert sex in (1, 2) and price == "1.50" and date.fromisoformat(died).day == 1
    assert len(found["rows"]) == 5


def test_who_is_not_named_gets_nothing(terminal: Terminal, permit: str) -> None:
    assert (
        terminal.refused(1, "query", "--permit", permit, COUNTS, *terminal.as_("bruno")) == "permit.not-named"
    )
    assert terminal.refused(2, "query", "--permit", permit, COUNTS, "--as", "/no/such") == "identity.missing"


def test_terms_that_do_not_read_are_bad_input(terminal: Terminal, permit: str) -> None:
    (terminal.folder / "bad.toml").write_text("project = ")
    assert terminal.refused(3, "project", "apply", str(terminal.folder / "bad.toml"), *terminal.as_("ada"))


def test_a_passphrase_that_cannot_be_had_is_out_of_reach(terminal: Terminal, permit: str) -> None:
    terminal.type("status", EGIDE_PASSPHRASE_FILE="/no/such/file")
    assert terminal.code == 4 and terminal.err.count("\n") == 1


def test_permit_explain_says_why(terminal: Terminal, permit: str) -> None:
    text = terminal.type("permit", "explain", permit)
    assert "BEN_RES_COM" in text and "granted at no precision" in text and "fewer than 11 persons" in text


def test_a_result_leaves_once_and_only_after_two_reviews(terminal: Terminal, permit: str) -> None:
    text = terminal.type("query", "--permit", permit, COUNTS, "--keep", *terminal.as_("ada"), EGIDE_LANG="fr")
    assert "liste d'exclusion 0" in text
    [output] = [o["id"] for o in terminal.json("output", "list")["outputs"]]
    assert output in text
    release = ("output", "release", output, "--to", str(terminal.folder / "out"), *terminal.as_("state"))
    approve = ("output", "review", output, "--decision", "approve")
    assert terminal.refused(1, *release) == "permit.output-state"
    assert terminal.refused(1, *approve, *terminal.as_("ada")) == "act.own-work"
    assert (
        terminal.refused(1, "output", "show", output, "--content", *terminal.as_("ada"))
        == "act.not-your-role"
    )
    content = terminal.json("output", "show", output, "--content", *terminal.as_("bruno"))["content"]
    assert terminal.json(*approve, *terminal.as_("bruno"))["status"] == "made"
    assert terminal.json(*approve, *terminal.as_("chloe"))["status"] == "approved"
    assert terminal.json(*release)["files"] == ["result.csv", "receipt.json"]
    lines = (terminal.folder / "out" / "result.csv").read_text().splitlines()
    assert lines[0] == "BEN_SEX_COD,persons"
    assert lines[1:] == [f"{c['BEN_SEX_COD']},{c['persons']}" for c in content]
    size = terminal.json("ledger", "verify")["size"]
    terminal.json(*release[:4], str(terminal.folder / "again"), *terminal.as_("state"))
    for name in ("result.csv", "receipt.json"):
        again, first = (terminal.folder / folder / name for folder in ("again", "out"))
        assert again.read_bytes() == first.read_bytes(), "asked again, the same release is written again"
    assert terminal.json("ledger", "verify")["size"] == size


def test_the_ledger_verifies_and_is_proved(terminal: Terminal, permit: str) -> None:
    found = terminal.json("ledger", "verify")
    assert found["verified"] and found["size"] > 10
    proof = terminal.json("ledger", "prove", "3")
    assert proof["index"] == 3 and proof["proof"]
    kinds = [e["kind"] for e in terminal.json("ledger", "show", "--limit", "500")["events"]]
    assert kinds[0] == "hub-initialised" and "permit-issued" in kinds


def test_a_revoked_permit_answers_no_more(terminal: Terminal, delivered: dict[str, Any], permit: str) -> None:
    terms = str(terminal.folder / "terms.toml")
    issued = terminal.json(
        "permit", "issue", "--project", "ASTHMA", "--terms", terms, *terminal.as_("state")
    )["id"]
    revoke = ("permit", "revoke", issued, "--reason", "a trial", *terminal.as_("state"))
    assert terminal.json(*revoke)["state"] == "revoked"
    ask = ("query", "--permit", issued, COUNTS, *terminal.as_("ada"))
    assert terminal.refused(1, *ask) == "permit.not-granted"


def test_records_that_are_no_database_are_told(terminal: Terminal, permit: str) -> None:
    damaged = terminal.folder / "damaged"
    damaged.mkdir()
    for name in ("keyring.json", "passphrase"):
        shutil.copy(terminal.folder / "hub" / name, damaged)
    (damaged / "records.sqlite3").write_bytes(b"nothing that SQLite knows" * 999)
    assert terminal.refused(5, "status", "--home", str(damaged)) == "cli.records-broken"


def test_a_flipped_byte_is_found_and_named(terminal: Terminal, permit: str) -> None:
    sound = terminal.json("snapshot", "verify")
    assert sound["altered"] == sound["missing"] == [] and sound["objects"] > 10
    listed = sorted(p for p in (terminal.folder / "hub" / "store").rglob("*") if p.is_file())
    whole = listed[0].read_bytes()
    listed[0].chmod(0o600)
    try:
        listed[0].write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        found = terminal.json("snapshot", "verify", code=5)
        assert found["altered"] == [listed[0].name] and found["error"]["exit"] == 5
        listed[0].unlink()
        assert terminal.json("snapshot", "verify", code=5)["missing"] == [listed[0].name]
    finally:
        listed[0].write_bytes(whole)


def test_a_holder_s_package_comes_in_and_its_plain_folder_does_not(
    terminal: Terminal, delivered: dict[str, Any]
) -> None:
    place = terminal.folder
    card, secret, register, package = (str(place / n) for n in ("card", "domain.key", "register", "package"))
    Path(card).write_text(terminal.type("status", "--card"))
    terminal.json("key", "domain", secret)
    assert Path(secret).stat().st_mode & 0o777 == 0o600
    terminal.json("synth", "hospital", register, "--patients", "60", "--seed", "3")
    pack = ("pseudonymise", register, "--domain", "hospital", "--card", card, "--out", package)
    assert terminal.refused(2, *pack) == "delivery.secret-needed"
    made = terminal.json(*pack, "--secret", secret)
    terminal.json("holder", "add", "chu-exemple", "--domain", "hospital", "--key", made["key"])
    report = terminal.json("deliver", package, "--holder", "chu-exemple")
    assert (report["class"], report["rows_accepted"]) == ("C2", made["rows"])
    assert terminal.refused(1, "deliver", register, "--holder", "chu-exemple") == "delivery.not-packaged"


def test_persons_who_object_come_by_standard_input(terminal: Terminal, delivered: dict[str, Any]) -> None:
    lines = (terminal.folder / "delivery" / "answers" / "objections.csv").read_text()
    dataset = ("--dataset", delivered["dataset"])
    first = terminal.json("person", "object", "-", *dataset, given=lines)
    assert first["added"] > 0 and first["exclusions"] == 1
    assert terminal.json("person", "object", "-", *dataset, given=lines)["added"] == 0
    assert terminal.refused(2, "person", "object", "/no/such/file", *dataset) == "cli.no-file"


def test_a_backup_comes_back_closed_until_two_persons_sign(terminal: Terminal, permit: str) -> None:
    place = terminal.folder
    sealed, home = str(place / "records.sealed"), ("--home", str(place / "restored"))
    assert terminal.json("backup", "create", sealed)["ledger_size"] > 10
    assert terminal.refused(2, "backup", "create", sealed) == "cli.exists"
    assert terminal.json("backup", "verify", sealed)["intact"] is True
    (place / "restored").mkdir()
    shutil.copy(place / "hub" / "passphrase", place / "restored")
    keyring = ("--keyring", str(place / "hub" / "keyring.json"))
    assert terminal.json("backup", "restore", sealed, *keyring, *home)["closed"] is True
    assert terminal.refused(1, "status", *home) == "hub.closed"
    assert terminal.refused(2, "backup", "reopen", *home) == "cli.witness-or-loss"
    signed = [word for name in ("bruno", "chloe") for word in ("--loss", terminal.identity(name))]
    assert terminal.refused(1, "backup", "reopen", *signed[:2], *home) == "act.not-two-persons"
    assert terminal.json("backup", "reopen", *signed, *home)["accepted_by"] == ["bruno", "chloe"]
    assert terminal.json("status", *home)["permits"] >= 1
    with Path(sealed).open("r+b") as file:
        file.seek(-9, os.SEEK_END)
        file.write(b"X")
    assert terminal.refused(5, "backup", "verify", sealed) == "hub.backup-broken"


def test_the_pages_are_served_here_until_ctrl_c(terminal: Terminal, delivered: dict[str, Any]) -> None:
    code = "import sys; from egide.cli import main; sys.exit(main())"
    command = [
        sys.executable,
        "-c",
        code,
        "serve",
        "--port",
        "0",
        "--json",
        "--home",
        str(terminal.folder / "hub"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stdout
        address = json.loads(serving.stdout.readline())["address"]
        with urllib.request.urlopen(f"{address}en/catalogue/", timeout=30) as page:
            assert address.startswith("http://127.0.0.1:") and delivered["dataset"] in page.read().decode()
        serving.send_signal(signal.SIGINT)
        try:
            assert serving.communicate(timeout=30) == ("", "")
        finally:
            serving.kill()
    assert serving.returncode == 0

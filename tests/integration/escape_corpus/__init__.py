"""Statements that try to leave a permit's view, and the ground with canaries on which they are tried."""

import socket
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from egide.adapters.engines.duckdb.feed import RelationFeed

OUTSIDE = "CANARY-outside"  # values of rows, columns, tables, files and variables outside the view: to be seen nowhere
INSIDE = "INSIDE-view"  # values inside the view: to be seen in results, never in an error
VIEW = "SELECT PERSON_ID, BEN_SEX_COD, BEN_NAI_ANN, NOTE FROM base WHERE PERSON_ID % 3 <> 0"
COLUMNS = ("PERSON_ID", "BEN_SEX_COD", "BEN_NAI_ANN", "NOTE")

_listed = tomllib.loads(Path(__file__).with_name("statements.toml").read_text("utf-8"))
FAMILIES: dict[str, list[str]] = {family: part["statements"] for family, part in _listed.items()}
FAMILIES["depth"] = [
    "SELECT " + "(" * 2000 + "1" + ")" * 2000,
    "SELECT " + "(SELECT " * 300 + "1" + ")" * 300,
    "SELECT " + "NOT " * 3000 + "true",
    "SELECT 1" + " + 1" * 4000,
    "SELECT " + "- " * 5000 + "1",
    "SELECT " + "abs(" * 1500 + "1" + ")" * 1500,
    "SELECT " + "[" * 1500 + "]" * 1500,
    "SELECT " + "CASE WHEN true THEN " * 1200 + "1" + " END" * 1200,
    "SELECT * FROM IR_BEN_R" + " UNION ALL SELECT * FROM IR_BEN_R" * 400,
    "SELECT '" + "x" * 100_000 + "'",
]


@dataclass
class Ground:
    """A folder of canary files, a listener that counts callers, and a database with more than the view shows."""

    folder: Path
    port: int
    trusted: duckdb.DuckDBPyConnection
    callers: list[str] = field(default_factory=list)

    @property
    def feed(self) -> RelationFeed:
        return RelationFeed(self.trusted, VIEW)

    def fill(self, statement: str) -> str:
        names = {"csv": "c.csv", "parquet": "c.parquet", "database": "c.db"}
        paths = {name: str(self.folder / file) for name, file in names.items()}
        for name, value in {**paths, "folder": str(self.folder), "port": str(self.port)}.items():
            statement = statement.replace("{" + name + "}", value)
        return statement.replace("{{", "{").replace("}}", "}")

    def files(self) -> set[Path]:
        return set(self.folder.rglob("*"))


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    _plant(folder)
    listener = socket.create_server(("127.0.0.1", 0))
    here = Ground(
        folder, listener.getsockname()[1], duckdb.connect(config={"autoinstall_known_extensions": False})
    )
    here.trusted.execute(
        "CREATE TABLE base AS SELECT range AS PERSON_ID, (range % 2 + 1)::VARCHAR AS BEN_SEX_COD, "
        "1930 + range % 80 AS BEN_NAI_ANN, "
        f"CASE WHEN range % 3 = 0 THEN '{OUTSIDE}-row' ELSE '{INSIDE}-' || range END AS NOTE, "
        f"'{OUTSIDE}-column' AS BEN_NIR_PSA FROM range(300)"
    )
    here.trusted.execute(
        f"CREATE TABLE SECRETS AS SELECT range AS PERSON_ID, '{OUTSIDE}-table' AS secret FROM range(9)"
    )
    threading.Thread(target=_count, args=(listener, here.callers), daemon=True).start()
    try:
        yield here
    finally:
        listener.close()
        here.trusted.close()


def _plant(folder: Path) -> None:
    (folder / "c.csv").write_text(f"secret\n{OUTSIDE}-file\n")
    pyarrow.parquet.write_table(pa.table({"secret": [f"{OUTSIDE}-parquet"]}), folder / "c.parquet")
    with duckdb.connect(str(folder / "c.db")) as database:
        database.execute(f"CREATE TABLE secrets AS SELECT '{OUTSIDE}-database' AS secret")


def _count(listener: socket.socket, callers: list[str]) -> None:
    while True:
        try:
            caller, address = listener.accept()
        except OSError:
            return
        callers.append(str(address))
        caller.close()

"""Both DuckDBs: what they write to disk, what stops a query, and that a fallen engine stays in its process."""

import hashlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from egide.adapters.engines.duckdb import fence, trusted
from egide.adapters.engines.duckdb.feed import RelationFeed, TableFeed
from egide.adapters.engines.duckdb.fenced import FencedEngine, error_of
from egide.model.errors import BadUsage, Denied, HubError, Tampered, Unreachable
from egide.model.query import Limits

# Incompressible, since DuckDB may compress what it spills; ten of them, since a block may be cut anywhere.
CANARIES = [hashlib.sha256(str(number).encode()).digest()[:20] for number in range(10)]
ROWS = "SELECT unhex(sha256(range::VARCHAR)) AS s FROM range(1500000)"
SPILLS = f"SELECT s FROM ({ROWS}) ORDER BY s LIMIT 1 OFFSET 1499990"
SMALL = Limits(memory=150 << 20, seconds=20, rows=1000)
PEOPLE = pa.table({"PERSON_ID": list(range(100)), "SEX": ["1", "2"] * 50})


class Seen:
    """What a folder held while a query ran: bytes of temp files, and whether the canary was among them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bytes, self.canary = folder, 0, False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            for file in list(self.folder.rglob("*")):
                self._look(file)

    def _look(self, file: Path) -> None:
        try:
            content = file.read_bytes() if file.is_file() else b""
        except FileNotFoundError:
            return
        self.bytes, self.canary = (
            max(self.bytes, len(content)),
            self.canary or any(c in content for c in CANARIES),
        )

    def __enter__(self) -> "Seen":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_what_the_trusted_connection_spills_is_not_in_clear(tmp_path: Path) -> None:
    connection = trusted.connect(tmp_path, "60MB", 1)
    with Seen(tmp_path) as seen:
        connection.execute(SPILLS).fetchall()
    assert seen.bytes > 1_000_000 and not seen.canary


def test_without_encryption_the_same_test_sees_the_canary(tmp_path: Path) -> None:
    connection = duckdb.connect(
        config={"temp_directory": str(tmp_path), "memory_limit": "60MB", "threads": 1}
    )
    with Seen(tmp_path) as seen:
        connection.execute(SPILLS).fetchall()
    assert seen.bytes > 1_000_000 and seen.canary


def test_what_the_fenced_engine_spills_is_not_in_clear_and_goes_away(tmp_path: Path) -> None:
    rows = duckdb.connect().execute(ROWS).to_arrow_table()
    with Seen(tmp_path) as seen:
        result = FencedEngine(tmp_path).run(
            "SELECT s FROM T ORDER BY s LIMIT 1 OFFSET 1499990",
            {"T": TableFeed(rows)},
            Limits(memory=60 << 20, threads=1, seconds=30, temp=1 << 30),
        )
    assert len(result.rows) == 1
    assert seen.bytes > 1_000_000 and not seen.canary
    assert not list(tmp_path.iterdir())


def test_the_configuration_is_locked(tmp_path: Path) -> None:
    with pytest.raises(duckdb.InvalidInputException):
        trusted.connect(tmp_path, "100MB", 1).execute("SET temp_file_encryption = false")
    bounds = fence.Bounds(100 << 20, 1, 1.0, 10)
    with pytest.raises(duckdb.InvalidInputException):
        fence.fence(fence.engine(bounds), {}, bounds).execute("SET threads = 4")


def test_another_version_of_the_extension_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb, "__version__", "1.5.4")
    with pytest.raises(Unreachable, match=r"1\.5\.4"):
        trusted.extension()


class Counted:
    """A feed that remembers what was opened."""

    def __init__(self, table: pa.Table) -> None:
        self.inner, self.opened = TableFeed(table), list[tuple[str, ...]]()

    @property
    def names(self) -> Sequence[str]:
        return self.inner.names

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        return self.inner.schema(columns)

    def open(self, columns: Sequence[str]) -> pa.RecordBatchReader:
        self.opened.append(tuple(columns))
        return self.inner.open(columns)

    def trouble(self) -> HubError | None:
        return None


def test_a_table_is_opened_for_each_scan_with_the_named_columns_only() -> None:
    feed = Counted(PEOPLE)
    sql = "SELECT COUNT(*) FROM T a JOIN T b USING (PERSON_ID)"
    assert FencedEngine().run(sql, {"T": feed}, SMALL, {"T": ("PERSON_ID",)}).rows == ((100,),)
    assert feed.opened == [("PERSON_ID",), ("PERSON_ID",)]


def test_a_count_needs_no_column_but_reads_one() -> None:
    assert FencedEngine().run("SELECT COUNT(*) FROM T", {"T": TableFeed(PEOPLE)}, SMALL, {"T": ()}).rows == (
        (100,),
    )


def test_a_relation_feed_can_be_opened_while_it_is_being_read(tmp_path: Path) -> None:
    connection = trusted.connect(tmp_path, "200MB", 1)
    connection.execute("CREATE TABLE t AS SELECT range AS a, range % 7 AS b FROM range(300000)")
    feed = RelationFeed(connection, "SELECT * FROM t WHERE b < 3")
    first, second = feed.open(["a"]), feed.open(["b", "a"])
    begun = first.read_next_batch()
    whole = second.read_all()
    assert whole.schema.names == ["b", "a"]
    assert begun.num_rows + first.read_all().num_rows == whole.num_rows == 128_572


@pytest.mark.parametrize(
    ("sql", "error", "key"),
    [
        ("SELECT CAST(SEX || 'x' AS INTEGER) FROM T", BadUsage, "engine.conversion"),
        ("SELECT nothing FROM T", BadUsage, "engine.bind"),
        ("SELECT FROM", BadUsage, "engine.parse"),
        ("SELECT 1; SELECT 2", Denied, "engine.statement"),
        ("SELECT a.SEX FROM T a, T b, T c", Denied, "engine.rows"),
        ("SELECT list(range) FROM range(1000000000)", Denied, "engine.memory"),
    ],
)
def test_an_error_is_a_code(sql: str, error: type[Exception], key: str) -> None:
    with pytest.raises(error) as caught:
        FencedEngine().run(sql, {"T": TableFeed(PEOPLE)}, SMALL)
    assert getattr(caught.value, "key", None) == key
    assert "x" not in str(getattr(caught.value, "facts", {}).values())


class Breaking(Counted):
    """A feed that gives one batch and then breaks, as a store that goes away would."""

    known: HubError | None = None

    def open(self, columns: Sequence[str]) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema(columns), self._batches(columns))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from self.inner.open(columns)
        raise OSError("the disk is gone")

    def trouble(self) -> HubError | None:
        return self.known


def test_a_feed_that_breaks_off_fails_the_query() -> None:
    with pytest.raises(Unreachable) as caught:
        FencedEngine().run("SELECT COUNT(*) FROM T", {"T": Breaking(PEOPLE)}, SMALL)
    assert caught.value.key == "engine.feed"


def test_a_feed_that_knows_why_it_broke_says_so() -> None:
    feed = Breaking(PEOPLE)
    feed.known = Tampered("seal.broken", name="ab")
    with pytest.raises(Tampered):
        FencedEngine().run("SELECT COUNT(*) FROM T", {"T": feed}, SMALL)


def test_the_walls_that_this_kernel_grants_are_reported() -> None:
    engine = FencedEngine()
    engine.run("SELECT 1 AS one", {}, SMALL)
    assert "limits" in engine.walls
    assert engine.walls <= {"limits", "no network", "few files", "no files"}


PROBE = """
import socket, sys
from pathlib import Path
from egide.adapters.engines.duckdb import cell
temp = Path(sys.argv[1])
walls = cell.close_early(temp) | cell.close(1 << 28, 1 << 20, temp)
def denied(act):
    try:
        act()
    except OSError:
        return True
    return False
(temp / "spill").write_bytes(b"x")
print(sorted(walls), denied(lambda: Path("/etc/hostname").read_bytes()), denied(lambda: Path(sys.argv[2]).read_bytes()),
      denied(lambda: (temp.parent / "out").write_bytes(b"x")),
      denied(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[3])), 2)))
"""


def test_each_wall_that_is_said_to_stand_stands(tmp_path: Path) -> None:
    """A process that put the walls up tries the files, the network and its own spill folder."""
    temp, secret = tmp_path / "temp", tmp_path / "secret"
    temp.mkdir()
    secret.write_text("canary")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        command = [sys.executable, "-I", "-c", PROBE, str(temp), str(secret), port]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    walls, denied = said.rsplit("]", 1)[0], said.rsplit("]", 1)[1].split()
    assert denied[:3] == [str("no files" in walls)] * 3
    assert denied[3] == str("no network" in walls)


@pytest.mark.parametrize("code", sorted({code for _, code in fence.CODES} | {"rows", "statement", "crashed"}))
def test_every_code_has_its_sentence(code: str) -> None:
    error = error_of(code, SMALL)
    assert error.in_language("fr") and error.in_language("en")

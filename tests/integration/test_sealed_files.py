"""DuckDB over sealed objects answers as over plain files, and every tampering surfaces with the object's name."""

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from egide.adapters.engines.duckdb.sealed_files import SealedFiles, attach, path_of, run
from egide.adapters.stores import FolderSettings, FolderStore
from egide.crypto.key import Key
from egide.crypto.seal import SealWriter
from egide.crypto.stream import SEGMENT
from egide.model.errors import Denied, Tampered, Unreachable
from egide.model.sealed import Context, Role, SealedObject

Lake = tuple[FolderStore, Path, list[SealedObject], dict[str, Key], list[pa.Table]]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    store = FolderStore(FolderSettings(tmp_path / "store"))
    rng = np.random.default_rng(7)
    objects, keys, tables = [], {}, []
    for part in range(3):
        n = 60_000
        table = pa.table(
            {"who": rng.integers(0, 2**40, n), "n": np.arange(n) + part * n, "code": rng.integers(0, 9, n)}
        )
        key = Key.generate()
        with SealWriter(tmp_path, key, Context("hub", "set", Role.PART, key.id)) as out:
            pq.write_table(table, out, row_group_size=20_000)
            sealed = out.finish()
        store.put(sealed.name, out.path)
        out.path.unlink()
        objects.append(sealed)
        keys[sealed.name] = key
        tables.append(table)
    return store, tmp_path / "store" / "objects", objects, keys, tables


def files_of(lake: Lake, most_open: int = 384) -> SealedFiles:
    store, _, objects, keys, _ = lake
    known = {o.name: (keys[o.name], o.context, o.plain_size) for o in objects}
    return SealedFiles(store, known.__getitem__, most_open)


def connected(files: SealedFiles) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    attach(connection, files)
    return connection


def over(objects: list[SealedObject]) -> str:
    return f"read_parquet({[path_of(o.name) for o in objects]})"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT code, count(*) AS c, sum(n)::BIGINT AS s FROM {t} GROUP BY code ORDER BY code",
        "SELECT * FROM {t} WHERE n BETWEEN 100 AND 120 ORDER BY n",
        "SELECT max(who) AS m FROM {t}",
        "SELECT n FROM {t} WHERE n = 150000",
    ],
)
def test_answers_are_those_of_the_plain_table(lake: Lake, sql: str) -> None:
    files = files_of(lake)
    plain = pa.concat_tables(lake[4])
    judge = duckdb.connect()
    judge.register("plain", plain)
    want = judge.execute(sql.format(t="plain")).to_arrow_table()
    got = run(connected(files), files, sql.format(t=over(lake[2])))
    assert got.to_pylist() == want.to_pylist()


def _flip(at: Callable[[int], int]) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = at(len(data))
        return data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]

    return change


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "header": _flip(lambda n: 3),
    "middle": _flip(lambda n: n // 2),
    "footer": _flip(lambda n: n - 30),
    "cut": lambda d: d[:-SEGMENT],
    "cut by one": lambda d: d[:-1],
    "longer": lambda d: d + d[-SEGMENT:],
    "swapped": lambda d: (
        d[:SEGMENT] + d[2 * SEGMENT : 3 * SEGMENT] + d[SEGMENT : 2 * SEGMENT] + d[3 * SEGMENT :]
    ),
    "emptied": lambda d: b"",
}


@pytest.mark.parametrize("change", CHANGES)
def test_tampering_surfaces_and_is_named(lake: Lake, change: str) -> None:
    victim = lake[2][1].name
    path = lake[1] / victim[:2] / victim
    path.chmod(0o600)
    path.write_bytes(CHANGES[change](path.read_bytes()))
    files = files_of(lake)
    with pytest.raises(Tampered) as seen:
        run(connected(files), files, f"SELECT sum(who), sum(n), sum(code), count(*) FROM {over(lake[2])}")
    assert seen.value.facts["name"] == victim


def test_one_object_in_anothers_place_is_named(lake: Lake) -> None:
    a, b = (lake[1] / o.name[:2] / o.name for o in lake[2][:2])
    a.chmod(0o600)
    a.write_bytes(b.read_bytes())
    files = files_of(lake)
    with pytest.raises(Tampered) as seen:
        run(connected(files), files, f"SELECT count(n) FROM {over(lake[2])}")
    assert seen.value.facts["name"] == lake[2][0].name


def test_a_missing_object_is_named(lake: Lake) -> None:
    lake[0].delete(lake[2][2].name)
    files = files_of(lake)
    with pytest.raises(Tampered) as seen:
        run(connected(files), files, f"SELECT count(n) FROM {over(lake[2])}")
    assert (seen.value.key, seen.value.facts["name"]) == ("store.missing", lake[2][2].name)


def test_what_may_not_be_opened_is_not(lake: Lake) -> None:
    def refuse(name: str) -> tuple[Key, Context, int]:
        raise Denied("permit.closed")

    files = SealedFiles(lake[0], refuse)
    with pytest.raises(Denied):
        run(connected(files), files, f"SELECT 1 FROM {over(lake[2])}")


def test_a_destroyed_key_closes_what_was_open(lake: Lake) -> None:
    gone: set[str] = set()

    def resolve(name: str) -> tuple[Key, Context, int]:
        if name in gone:
            raise Unreachable("keys.missing", name="kek/set/1")
        found = next(o for o in lake[2] if o.name == name)
        return lake[3][name], found.context, found.plain_size

    files = SealedFiles(lake[0], resolve)
    connection = connected(files)
    sql = f"SELECT count(n) FROM {over(lake[2])}"
    assert run(connection, files, sql).to_pylist() == [{"count(n)": 180_000}]
    gone.add(lake[2][0].name)
    files.release()
    with pytest.raises(Unreachable):
        run(connection, files, f"SELECT sum(n) FROM {over(lake[2])}")


def test_the_engine_keeps_no_contents(lake: Lake) -> None:
    files = files_of(lake)
    connection = connected(files)
    run(connection, files, f"SELECT sum(n), sum(who) FROM {over(lake[2])}")
    assert connection.execute("SELECT count(*) FROM duckdb_external_file_cache()").fetchone() == (0,)


def test_few_open_readers_suffice(lake: Lake) -> None:
    files = files_of(lake, most_open=1)
    connection = connected(files)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        answer = run(connection, files, f"SELECT sum(n)::BIGINT AS s FROM {over(lake[2])}")
        assert answer.to_pylist() == [{"s": sum(range(180_000))}]
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_only_whole_names_are_files(lake: Lake) -> None:
    files = files_of(lake)
    connection = connected(files)
    for path in ("sealed://*.parquet", "sealed://../x.parquet", f"sealed://{'0' * 63}.parquet"):
        with pytest.raises(duckdb.Error):
            run(connection, files, f"SELECT * FROM read_parquet('{path}')")
    with pytest.raises(duckdb.Error):
        run(connection, files, f"COPY (SELECT 1) TO '{path_of('0' * 64)}' (FORMAT parquet)")


def test_our_own_mistakes_are_not_called_tampering(lake: Lake) -> None:
    files = files_of(lake)
    with pytest.raises(duckdb.BinderException):
        run(connected(files), files, f"SELECT nothing FROM {over(lake[2])}")


def test_nothing_is_written_in_clear(lake: Lake, tmp_path: Path) -> None:
    clear = lake[4][0]["who"].chunk(0).buffers()[1].to_pybytes()[:64]
    for folder, _, names in os.walk(tmp_path):
        for name in names:
            data = (Path(folder) / name).read_bytes()
            assert clear not in data and b"PAR1" not in data

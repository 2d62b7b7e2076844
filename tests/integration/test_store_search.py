"""What a delivery says is nowhere to be read: not in the store, the records, the temporary files, the logs, the processes.

The hub runs as people run it, one process a command, while other eyes watch: every temporary file is linked aside as
it appears, and every command line and environment is read. The same proof is then put to a build whose cipher was
taken out, and must fail.
"""

import hashlib
from pathlib import Path

import pytest
from support.hubs import environment
from support.search import Searcher
from support.vandal import targets
from support.watched import Run, words_of

from egide.crypto.padding import SMALLEST, object_size, padme
from egide.crypto.stream import HEADER, SEGMENT, TAG
from egide.model.sealed import Context
from egide.registry import model_of
from egide.stages.seal.snapshot import read_object
from egide.wiring import KEYRING, RECORDS, open_hub

SECRET_FILES = {KEYRING, f"{KEYRING}.lock", "passphrase"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory):
    with environment(tmp_path_factory.mktemp("search")) as folder:
        yield folder


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    """A delivery full of canaries, from the holder's package to a researcher's answer, watched."""
    return Run(place, sealing=True).journey()


@pytest.fixture(scope="module")
def bare(place: Path) -> Run:
    """The same delivery taken in by a build that does not seal."""
    return Run(place, sealing=False).delivery()


@pytest.fixture(scope="module")
def words(run: Run) -> Searcher:
    return Searcher(words_of(run.source).all)


@pytest.fixture(scope="module")
def names() -> Searcher:
    """Every name of the model's tables and columns that is long enough not to be met by chance."""
    tables = model_of("snds").tables.values()
    every = {n for t in tables for n in (t.name, *(c.name for c in t.columns))}
    return Searcher({n for n in every if len(n) > 4}, plainly=True)


def test_there_was_something_to_find(run: Run, words: Searcher) -> None:
    planted = words_of(run.source)
    assert len(planted.canaries) > 30 and len(planted.identifiers) > 300
    data = b"".join(p.read_bytes() for p in run.source.rglob("*.csv"))
    assert words.found(data) == words.words


def test_the_delivery_went_the_whole_way(run: Run) -> None:
    report = run.json["deliver"]
    assert report["class"] == "C3" and report["verdict"] == "accepted"
    assert report["rows_in"] == report["rows_accepted"] + report["rows_quarantined"]
    assert report["rows_quarantined"] >= 4 and report["rows_flagged"] >= 1
    assert run.json["query"]["rows"] and run.json["snapshot"]["altered"] == []


def test_the_store_can_not_be_read(run: Run, words: Searcher, names: Searcher) -> None:
    for path in run.store():
        data = path.read_bytes()
        assert words.found(data) == set(), path.name
        assert names.found(data) == set(), path.name
        listed = str(path.relative_to(run.home)).encode()
        assert words.found(listed) | names.found(listed) == set()


def test_every_file_of_the_store_is_of_the_written_form(run: Run) -> None:
    hub = open_hub(run.home)
    known = {t.name: t for t in targets(hub)}
    assert {p.name for p in run.store()} == known.keys()
    for path in run.store():
        data, target = path.read_bytes(), known[path.name]
        assert path.parent.name == path.name[:2] and hashlib.sha256(data).hexdigest() == path.name
        plain = len(data) - HEADER - TAG * -(-len(data) // SEGMENT)
        assert plain == SMALLEST or padme(plain) == plain
        context = Context(hub.id, target.head.dataset, target.role, target.key_id)
        payload = read_object(hub.store, path.name, hub.key_of(target.key_id), context)
        assert object_size(len(payload)) == len(data)


def test_nothing_else_of_the_hub_holds_a_word(run: Run, words: Searcher) -> None:
    rest = [
        p
        for p in run.home.rglob("*")
        if p.is_file() and "objects" not in p.parts and p.name not in SECRET_FILES
    ]
    assert RECORDS in {p.name for p in rest}
    for path in rest:
        assert words.found(path.read_bytes()) == set(), path.relative_to(run.home)


def test_no_temporary_file_held_a_word_while_it_lived(run: Run, words: Searcher) -> None:
    kept = run.temporary()
    assert len(kept) > 20 and sum(p.stat().st_size for p in kept) > 1_000_000
    for path in kept:
        assert words.found(path.read_bytes()) == set(), path.name


def test_nothing_is_left_in_the_temporary_folders(run: Run) -> None:
    assert [p for folder in run.temps for p in folder.rglob("*") if p.is_file()] == []


def test_no_output_and_no_process_showed_a_word(run: Run, words: Searcher) -> None:
    assert len(run.printed) >= 8 and all(run.printed.values())
    for command, text in run.printed.items():
        assert words.found(text) == set(), command
    assert len(run.processes) >= 5
    assert words.found(b"\0".join(run.processes)) == set()


def test_a_build_that_does_not_seal_is_found_out(bare: Run, words: Searcher, names: Searcher) -> None:
    """The search is not blind: the same delivery, the cipher taken out."""
    planted = words_of(bare.source)
    assert bare.json["deliver"]["verdict"] == "accepted"
    stored = set.union(*(words.found(p.read_bytes()) for p in bare.store()))
    assert planted.canaries - planted.transient <= stored
    named = set.union(*(names.found(p.read_bytes()) for p in bare.store()))
    assert {"IR_BEN_R", "ER_PRS_F", "BEN_NIR_PSA", "EXE_SOI_DTD"} <= named
    assert planted.identifiers <= set.union(*(words.found(p.read_bytes()) for p in bare.temporary()))

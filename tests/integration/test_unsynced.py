"""A delivery whose power is cut at any instant, on a disk that forgets whatever was not synced.

What a delivery does to the disk is traced, replayed on a model of such a disk (tests/support_crash/disk.py), and cut
at every point where what is durable changes, and at random ones. Each time the hub is opened on what is left.
"""

import hashlib
import json
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_crash.disk import Folder, Killed, Lenient, Memory, Strict, laid_out, left
from support_crash.homes import copied
from support_crash.scene import Scene
from support_crash.trace import Replay, record
from support_crash.workers import Workers

Tree = dict[str, bytes | None]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with Workers(tmp_path_factory.mktemp("config")) as workers:
        yield workers


class Traced:
    """An act on a home, its trace, and the home before it."""

    def __init__(
        self, workers: Workers, place: Path, act: str, before: Path | None, **arguments: str
    ) -> None:
        self.folder, self.home = place, place / "traced" / "home"
        self.trace, self.marker = place / "trace", place / "returned"
        self.before = place / "before"  # what is beside the home counts too: its own name has to be durable
        self.before.mkdir()
        if before is not None:
            shutil.copytree(before, self.before / "home")
        shutil.copytree(self.before, place / "traced")
        arguments |= {"home": str(self.home), "done": str(self.marker)}
        command = [sys.executable, "-m", "support_crash.act", act, json.dumps(arguments)]
        record(command, workers.env, self.trace)

    def cuts(self, memory: Memory, wanted: set[int] | None = None) -> Iterator[tuple[int, Tree]]:
        """What is left of a crash after each wanted step (every one: None), each different tree once, in order."""
        replay = self.replay()
        found: list[tuple[int, Tree]] = []
        seen: set[str] = set()

        def look(_: str) -> None:
            if wanted is None or replay.steps in wanted:
                tree = left(replay.disk, memory)
                if (known := _digest(tree)) not in seen:
                    seen.add(known)
                    found.append((replay.steps, tree))

        replay.run(self.trace, self.marker, look)
        return iter(found)

    def replay(self) -> Replay:
        return Replay.of(self.home.parent, self.before)

    def whole(self) -> Replay:
        replay = self.replay()
        replay.run(self.trace, self.marker, lambda _: None)
        return replay


def _digest(tree: Tree) -> str:
    lines = (f"{path} {hashlib.sha256(d).hexdigest() if d is not None else '/'}" for path, d in tree.items())
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


@pytest.fixture(scope="module")
def delivery(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    folder = tmp_path_factory.mktemp("delivery")
    workers.done("new_home", home=str(folder / "empty"), buckets=1, secret=False)
    workers.done("new_delivery", out=str(folder / "files"), people=50, seed=4)
    return Traced(workers, folder, "take_in", folder / "empty", folder=str(folder / "files"))


@pytest.fixture(scope="module")
def scene(workers: Workers, delivery: Traced) -> Scene:
    folder = delivery.folder
    done = copied(delivery.home, folder / "done")
    return Scene(workers, copied(folder / "empty", folder / "home"), folder / "files", done)


def test_the_replay_of_the_whole_trace_is_the_tree_that_is_there(delivery: Traced) -> None:
    replay = delivery.whole()
    assert replay.returned is not None
    assert left(replay.disk, Killed()) == left(Replay.of(delivery.home, delivery.home.parent).disk, Killed())
    assert replay.steps > 100


def test_a_disk_that_was_never_told_to_sync_keeps_nothing(delivery: Traced) -> None:
    """The model can fail: with every sync ignored, what is left is what was there before."""
    replay = delivery.replay()
    replay._fsync = replay._fdatasync = lambda call: False  # type: ignore[method-assign]
    replay.run(delivery.trace, delivery.marker, lambda _: None)
    assert left(replay.disk, Strict()) == left(delivery.replay().disk, Strict())


def survive(scene: Scene, cut: Tree, folder: Path, again: bool) -> str:
    """Opens the hub on what is left, checks it and says what had happened; `again`: delivers once more."""
    laid_out(cut, folder)
    told = scene.workers.done(
        "look", home=str(folder / "home"), folder=str(scene.delivery) if again else "", thorough=True
    )
    happened = scene.check(told)
    if again:
        scene.check_redelivered(told, happened, named=False)
    shutil.rmtree(folder)
    return happened


def test_a_power_cut_at_every_point_where_the_durable_changes(
    delivery: Traced, scene: Scene, tmp_path: Path
) -> None:
    returned = delivery.whole().returned
    assert returned is not None
    fates = []
    for number, (step, cut) in enumerate(delivery.cuts(Strict())):
        happened = survive(scene, cut, tmp_path / "cut", again=number % 10 == 0)
        assert happened == "after" or step <= returned, f"lost after `deliver` had returned (step {step})"
        fates.append(happened)
    assert fates == sorted(fates, reverse=True), "what had happened was undone"  # before... then after...
    assert set(fates) == {"before", "after"}
    last = left(delivery.whole().disk, Strict())
    assert survive(scene, last, tmp_path / "last", again=True) == "after"


def at_random(
    delivery: Traced, scene: Scene, folder: Path, count: int, seed: int, again: int
) -> dict[str, int]:
    """Cuts at random steps, on a disk that keeps a random part of what was not synced, or loses no more than the
    process (every fifth)."""
    draw = random.Random(seed)
    whole = delivery.whole()
    assert whole.returned is not None
    steps = [draw.randint(1, whole.steps) for _ in range(count)]
    fates = {"before": 0, "after": 0}
    number = 0
    for memory, wanted in ((Killed(), set(steps[::5])), (Lenient(draw), set(steps) - set(steps[::5]))):
        for step, cut in delivery.cuts(memory, wanted):
            number += 1
            happened = survive(scene, cut, folder / "cut", again=number % again == 0)
            assert happened == "after" or step <= whole.returned, (
                f"lost after `deliver` returned (step {step})"
            )
            fates[happened] += 1
    return fates


def test_power_cuts_at_random_on_disks_that_reorder(delivery: Traced, scene: Scene, tmp_path: Path) -> None:
    fates = at_random(delivery, scene, tmp_path, 16, seed=11, again=8)
    assert sum(fates.values()) >= 12


@pytest.mark.prove
def test_many_power_cuts_at_random(
    delivery: Traced, scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    total = {"before": 0, "after": 0}
    seed = 0
    while sum(total.values()) < 1000:
        seed += 1
        for fate, count in at_random(delivery, scene, tmp_path, 200, seed=seed, again=10).items():
            total[fate] += count
    with capsys.disabled():
        print(f"\n{sum(total.values())} power cuts: {total}")


def test_a_new_hub_is_there_once_init_has_returned(workers: Workers, tmp_path: Path) -> None:
    made = Traced(workers, tmp_path, "begin", None)
    whole = made.whole()
    laid_out(left(whole.disk, Strict()), tmp_path / "left")
    told = workers.done("owner_acts", home=str(tmp_path / "left" / "home"))
    assert told == {"account": "owner", "ledger": True, "left": []}
    assert whole.returned is not None
    said = set()
    for _, cut in made.cuts(Killed(), set(range(1, whole.returned, whole.returned // 6))):
        home = laid_out(cut, tmp_path / "cut") / "home"
        said.add(workers.done("opened", home=str(home))["said"])
        shutil.rmtree(tmp_path / "cut")
    assert "home.half-made" in said
    assert said <= {"hub.absent", "home.half-made", "open"}


def test_the_model_of_a_disk_forgets_what_it_should() -> None:
    disk = Folder()
    from support_crash.disk import File

    named, synced = File(), File()
    disk.change(a=named)
    disk.sync()
    named.write(0, b"lost")
    synced.write(0, b"kept")
    synced.sync()
    disk.change(b=synced)
    assert left(disk, Strict()) == {"a": b""}
    assert left(disk, Killed()) == {"a": b"lost", "b": b"kept"}
    possible = {json.dumps(sorted(left(disk, Lenient(random.Random(n))))) for n in range(20)}
    assert possible == {'["a"]', '["a", "b"]'}
    disk.sync()
    disk.change(b=None, c=synced)
    assert left(disk, Strict()) == {"a": b"", "b": b"kept"}
    for n in range(20):
        tree = left(disk, Lenient(random.Random(n)))
        assert ("b" in tree) != ("c" in tree)

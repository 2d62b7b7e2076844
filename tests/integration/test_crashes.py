"""A delivery that is killed at any instant has either happened whole or not at all, and leaves nothing unnamed.

The named instants are those of egide.model.crash; the others are drawn at random between a delivery's start and its
usual end. `make test` draws a few, `make prove` 200.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egide.model.crash import CrashPoint
from support_crash.homes import copied
from support_crash.workers import Workers

KILLED = -9
CLEANABLE = {"orphan", "leftover", "temporary", "orphan-key"}


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with Workers(tmp_path_factory.mktemp("config")) as workers:
        yield workers


class Scene:
    """A hub before a delivery, the delivery, and what the hub holds before and after it."""

    def __init__(self, workers: Workers, folder: Path, delivery: Path, before: Path) -> None:
        self.workers, self.folder, self.delivery, self.home = workers, folder, delivery, before
        self.before = self._state(workers.done("look", home=str(copied(before, folder / "reference"))))
        self.report, self.seconds = self._deliver(folder / "reference")
        self.after = self._state(workers.done("look", home=str(folder / "reference")))
        assert self.before != self.after

    def _deliver(self, home: Path) -> tuple[Any, float]:
        started = time.monotonic()
        report = self.workers.done("take_in", home=str(home), folder=str(self.delivery))
        return report, time.monotonic() - started

    def _state(self, told: Any) -> Any:
        """What must be as before or as after: not the ledger's size, since cleaning is an event too."""
        return {name: told[name] for name in ("deliveries", "snapshots", "keys", "objects", "rows")}

    def check(self, told: Any) -> str:
        """That a killed hub is whole. Returns what had happened."""
        assert set(told["found"]) <= CLEANABLE, told["found"]
        assert told["cleaned"] == told["found"]
        assert told["left"] == told["again"] == []
        assert told["ledger"] is True
        assert told["broken"] == []
        found = self._state(told)
        assert found in (self.before, self.after), "neither before nor after"
        return "before" if found == self.before else "after"

    def check_redelivered(self, told: Any, happened: str) -> None:
        assert told["redelivered"] == ("unchanged" if happened == "after" else "accepted")
        assert self._state(told["after"]) == self.after
        assert told["after"]["ledger"] is True
        assert told["after"]["broken"] == []


@pytest.fixture(scope="module")
def first(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The first delivery of a hub."""
    folder = tmp_path_factory.mktemp("first")
    workers.done("new_home", home=str(folder / "home"))
    workers.done("new_delivery", out=str(folder / "delivery"), people=200, seed=1)
    return Scene(workers, folder, folder / "delivery", folder / "home")


def later(
    workers: Workers, first: Scene, folder: Path, *, corrects: bool, people: int = 200, years: int = 1
) -> Scene:
    """Another delivery to a hub that holds a first."""
    told = workers.done("look", home=str(copied(first.folder / "reference", folder / "home")))
    [before] = told["deliveries"]
    workers.done(
        "new_delivery",
        out=str(folder / "delivery"),
        people=people,
        seed=2,
        years=years,
        replaces=before if corrects else None,
    )
    return Scene(workers, folder, folder / "delivery", folder / "home")


@pytest.fixture(scope="module")
def second(workers: Workers, first: Scene, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return later(workers, first, tmp_path_factory.mktemp("second"), corrects=False)


@pytest.fixture(scope="module")
def correction(workers: Workers, first: Scene, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return later(workers, first, tmp_path_factory.mktemp("correction"), corrects=True)


def balanced(report: Any) -> bool:
    return all(came == accepted + refused for came, accepted, refused in report["rows"].values())


def test_the_scenes_differ_as_their_names_say(first: Scene, second: Scene, correction: Scene) -> None:
    assert all(balanced(scene.report) for scene in (first, second, correction))
    assert first.before["rows"] == {}
    assert sorted(second.after["deliveries"].values()) == ["accepted", "accepted"]
    assert sorted(correction.after["deliveries"].values()) == ["accepted", "replaced"]
    [dataset] = first.after["rows"]
    counts = {s: s.after["rows"][dataset]["ER_PRS_F/part"][0] for s in (first, second, correction)}
    assert counts[second] > counts[first]
    assert counts[second] > counts[correction]


@pytest.mark.parametrize("scene_name", ["first", "second", "correction"])
@pytest.mark.parametrize("point", CrashPoint, ids=lambda p: p.value)
def test_a_crash_at_each_named_point(
    workers: Workers, point: CrashPoint, scene_name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    scene: Scene = request.getfixturevalue(scene_name)
    home = copied(scene.home, tmp_path / "home")
    status, _ = workers.run("take_in", home=str(home), folder=str(scene.delivery), kill_at=point.value)
    assert status == KILLED, f"{point.value} was never reached"
    told = workers.done("look", home=str(home), folder=str(scene.delivery))
    happened = scene.check(told)
    assert happened == ("after" if point is CrashPoint.AFTER_COMMIT else "before")
    assert told["found"]["temporary"] == 1
    if point in list(CrashPoint)[2:-1]:
        assert told["found"]["orphan"] >= 1
    scene.check_redelivered(told, happened)


def kills(scene: Scene, tmp_path: Path, count: int, seed: int) -> Counter[str]:
    """Kills deliveries at random, one after another on the same hub until one has happened; every hub that was
    killed at is delivered to again in the end. Counts where the kills fell."""
    draw = random.Random(seed)
    fell: Counter[str] = Counter()
    home = copied(scene.home, tmp_path / "home")
    for number in range(count):
        after = draw.uniform(0, scene.seconds)
        status, _ = scene.workers.run("take_in", after, home=str(home), folder=str(scene.delivery))
        assert status in (0, KILLED)
        last = number == count - 1
        told = scene.workers.done("look", home=str(home), folder=str(scene.delivery) if last else "")
        happened = scene.check(told)
        fell[_where(status, happened, told["found"])] += 1
        if last:
            scene.check_redelivered(told, happened)
        elif happened == "after":
            home = copied(scene.home, tmp_path / "home")
    return fell


def _where(status: int, happened: str, found: dict[str, int]) -> str:
    if happened == "after":
        return "after the commit" if status == KILLED else "ended before its kill"
    if "orphan" in found or "leftover" in found:
        return "while objects are stored, or in the transaction"
    return "while rows are checked" if "temporary" in found else "before the delivery is opened"


def test_kills_at_random_instants(second: Scene, tmp_path: Path) -> None:
    fell = kills(second, tmp_path, 8, seed=20261121)
    assert sum(fell.values()) == 8
    assert len(fell) >= 2, fell


@pytest.mark.prove
@pytest.mark.parametrize("corrects", [False, True], ids=["second", "correction"])
def test_kills_at_many_random_instants(
    workers: Workers, tmp_path: Path, corrects: bool, first: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scene").mkdir()
    scene = later(workers, first, tmp_path / "scene", corrects=corrects, people=2000)
    fell = kills(scene, tmp_path, 100, seed=7 + corrects)
    with capsys.disabled():
        print(f"\n{sum(fell.values())} kills over {scene.seconds:.1f} s of a delivery of 2,000 people: {dict(fell)}")
    assert sum(fell.values()) == 100
    assert len(fell) >= 3, fell

"""A delivery that is killed at any instant has either happened whole or not at all, and leaves nothing unnamed.

The named instants are those of egide.model.crash; the others are drawn at random between a delivery's start and its
usual end. `make test` draws a few, `make prove` 200.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support_crash.homes import copied
from support_crash.scene import Scene
from support_crash.workers import Workers

from egide.model.crash import CrashPoint

KILLED = -9


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with Workers(tmp_path_factory.mktemp("config")) as workers:
        yield workers


@dataclass(frozen=True)
class Delivered:
    """A scene, how its delivery went when nobody killed it, and how long that took."""

    scene: Scene
    folder: Path
    report: Any
    seconds: float

    @property
    def done(self) -> Path:
        return self.folder / "done"


def set_up(workers: Workers, folder: Path, home: Path, files: Path) -> Delivered:
    done = copied(home, folder / "done")
    started = time.monotonic()
    report = workers.done("take_in", home=str(done), folder=str(files))
    seconds = time.monotonic() - started
    return Delivered(Scene(workers, copied(home, folder / "home"), files, done), folder, report, seconds)


@pytest.fixture(scope="module")
def first(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """The first delivery of a hub."""
    folder = tmp_path_factory.mktemp("first")
    workers.done("new_home", home=str(folder / "empty"), buckets=2)
    workers.done("new_delivery", out=str(folder / "delivery"), people=60, seed=1)
    return set_up(workers, folder, folder / "empty", folder / "delivery")


def later(workers: Workers, first: Delivered, folder: Path, *, corrects: bool, people: int = 60) -> Delivered:
    """Another delivery to a hub that holds a first."""
    [before] = first.scene.after["deliveries"]
    workers.done(
        "new_delivery",
        out=str(folder / "delivery"),
        people=people,
        seed=2,
        replaces=before if corrects else None,
    )
    return set_up(workers, folder, first.done, folder / "delivery")


@pytest.fixture(scope="module")
def second(workers: Workers, first: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return later(workers, first, tmp_path_factory.mktemp("second"), corrects=False)


@pytest.fixture(scope="module")
def correction(workers: Workers, first: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return later(workers, first, tmp_path_factory.mktemp("correction"), corrects=True)


def balanced(report: Any) -> bool:
    return all(came == accepted + refused for came, accepted, refused in report["rows"].values())


def test_the_scenes_differ_as_their_names_say(
    first: Delivered, second: Delivered, correction: Delivered
) -> None:
    assert all(balanced(delivered.report) for delivered in (first, second, correction))
    assert first.scene.before["rows"] == {}
    assert sorted(second.scene.after["deliveries"].values()) == ["accepted", "accepted"]
    assert sorted(correction.scene.after["deliveries"].values()) == ["accepted", "replaced"]
    [dataset] = first.scene.after["rows"]
    one, two, three = (
        d.scene.after["rows"][dataset]["ER_PRS_F/part"][0] for d in (first, second, correction)
    )
    assert two > one
    assert two > three


DAILY = {
    "first": set(CrashPoint),
    "second": {CrashPoint.OBJECTS, CrashPoint.AFTER_COMMIT},
    "correction": set(CrashPoint)
    - {CrashPoint.ARRIVED, CrashPoint.CHECKED, CrashPoint.OBJECTS, CrashPoint.KEK},
}
POINTS = [
    pytest.param(name, point, marks=() if point in daily else pytest.mark.prove, id=f"{name}-{point}")
    for name, daily in DAILY.items()
    for point in CrashPoint
]


@pytest.mark.parametrize(("name", "point"), POINTS)
def test_a_crash_at_each_named_point(
    workers: Workers, name: str, point: CrashPoint, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    scene: Scene = request.getfixturevalue(name).scene
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


def kills(delivered: Delivered, tmp_path: Path, count: int, seed: int) -> Counter[str]:
    """Kills deliveries at random, one after another on the same hub until one has happened or ten were cut; the hub
    is then delivered to again, and another one begins. Counts where the kills fell."""
    draw, scene = random.Random(seed), delivered.scene
    fell: Counter[str] = Counter()
    home = copied(scene.home, tmp_path / "home")
    for number in range(1, count + 1):
        after = draw.uniform(0, delivered.seconds)
        status, _ = scene.workers.run("take_in", after, home=str(home), folder=str(scene.delivery))
        assert status in (0, KILLED)
        again = number % 10 == 0 or number == count
        told = scene.workers.done("look", home=str(home), folder=str(scene.delivery) if again else "")
        happened = scene.check(told)
        fell[_where(status, happened, told["found"])] += 1
        if again:
            scene.check_redelivered(told, happened)
        if again or happened == "after":
            home = copied(scene.home, tmp_path / "home")
    return fell


def _where(status: int, happened: str, found: dict[str, int]) -> str:
    if happened == "after":
        return "after the commit" if status == KILLED else "ended before its kill"
    if "orphan" in found or "leftover" in found:
        return "while objects are stored, or in the transaction"
    return "while rows are checked" if "temporary" in found else "before the delivery is opened"


def test_kills_at_random_instants(second: Delivered, tmp_path: Path) -> None:
    fell = kills(second, tmp_path, 8, seed=20261121)
    assert sum(fell.values()) == 8
    assert len(fell) >= 2, fell


@pytest.mark.prove
@pytest.mark.parametrize("corrects", [False, True], ids=["second", "correction"])
def test_kills_at_many_random_instants(
    workers: Workers, tmp_path: Path, corrects: bool, first: Delivered, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scene").mkdir()
    delivered = later(workers, first, tmp_path / "scene", corrects=corrects, people=2000)
    fell = kills(delivered, tmp_path, 100, seed=7 + corrects)
    with capsys.disabled():
        print(f"\n100 kills over {delivered.seconds:.1f} s of a delivery of 2,000 people: {dict(fell)}")
    assert sum(fell.values()) == 100
    assert len(fell) >= 3, fell

"""A bad input and what must come of it."""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from support_crash.bad.place import Place

EGIDE = str(Path(sys.executable).parent / "egide")


@dataclass(frozen=True)
class Run:
    """A command line of egide. `around`: a script that makes the machine another one (HUB is the home) and ends in
    `exec "$@"`; `beside`: what happens meanwhile."""

    arguments: list[str]
    around: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    beside: Callable[[Place, dict[str, str]], AbstractContextManager[None]] | None = None

    @property
    def alone(self) -> bool:
        """Whether nothing but a process is needed."""
        return not self.around and self.beside is None


Prepare = Callable[[Place], Run]


@dataclass(frozen=True)
class Case:
    """`says`: fragments of what must be printed, in English; `keeps`: whether the hub may hold something new."""

    group: str
    name: str
    tried: str
    code: int
    says: tuple[str, ...]
    prepare: Prepare
    keeps: bool
    long: bool


CASES: list[Case] = []


def case(
    group: str, tried: str, code: int, *says: str, keeps: bool | None = None, long: bool = False
) -> Callable[[Prepare], Prepare]:
    """Lists the function below as a case, under its own name."""

    def listed(prepare: Prepare) -> Prepare:
        name = prepare.__name__.replace("_", "-")
        kept = code == 0 if keeps is None else keeps
        CASES.append(Case(group, name, tried, code, says, prepare, kept, long))
        return prepare

    return listed


def deliver(place: Place, *more: str) -> Run:
    """Delivers the place's folder, signed as it now is."""
    place.sign()
    return Run(["deliver", str(place.folder), "--holder", "cnam", *more])

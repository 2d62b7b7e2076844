"""Progress on standard error, for whoever looks at a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from egide.wiring import Progress


@contextmanager
def bars() -> "Iterator[Progress]":
    """Bars where standard error is a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        from egide.wiring import quiet

        yield quiet
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True, markup=False),
        transient=True,
    ) as shown:
        yield _Steps(shown)


class _Steps:
    """One bar for each step that a journey names."""

    def __init__(self, shown: "RichProgress") -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._end_pulses()
            self._tasks[step] = self._shown.add_task(_label(step), total=total or None)
        self._shown.update(self._tasks[step], completed=done, total=total or None)

    def _end_pulses(self) -> None:
        """A step of unknown length is over when the next begins."""
        for task in self._shown.tasks:
            if task.total is None:
                self._shown.update(task.id, completed=1, total=1)


def _label(step: str) -> str:
    from egide.model.messages import known, say

    for key in (f"step.{step}", f"portal-step.{step}"):
        if known(key):
            return say(key)
    return step

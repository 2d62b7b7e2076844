"""Progress: bars for who looks, nothing for who does not."""

import io

import pytest
from rich.progress import Progress

from egide.cli.progress import _Steps, bars


def test_nothing_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with bars() as tick:
        tick("check", 1, 2)
    assert capsys.readouterr() == ("", "")


class Looked(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_the_step_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Looked()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("EGIDE_LANG", "fr")
    with bars() as tick:
        tick("check", 1, 2)
        tick("check", 2, 2)
    assert "vérification des lignes" in screen.getvalue()


def test_each_step_has_one_bar_and_a_pulse_ends_when_the_next_begins() -> None:
    shown = Progress(disable=True)
    tick = _Steps(shown)
    tick("init", 0, 0)
    tick("check", 3, 10)
    tick("check", 9, 10)
    assert [(t.completed, t.total) for t in shown.tasks] == [(1, 1), (9, 10)]

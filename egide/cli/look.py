"""`egide status` and `egide doctor`: what the hub holds, and whether all is well."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

if TYPE_CHECKING:
    from rich.console import Console

app = group()


@command(app, "status", example="egide status --card > hub-card.json")
def status(
    run: Run,
    card: Annotated[
        bool,
        typer.Option(
            "--card", help="Print instead what a holder needs to send packages here: public keys only."
        ),
    ] = False,
) -> Shown:
    """Say what the hub holds."""
    hub = run.hub()
    if card:
        from egide.journey.start import card as card_of

        text = card_of(hub)
        return Shown(json.loads(text), lambda console: console.out(text))
    from egide.journey.look import status as told

    return Shown(told(hub))


@command(app, "doctor", example="egide doctor --clean")
def doctor(
    run: Run,
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove what a crash left: orphans, temporary files.")
    ] = False,
) -> Shown:
    """Look for what is wrong: leftovers, orphans, weak set-ups. Exit code 1 if a problem remains."""
    from egide.journey.doctor import doctor as look
    from egide.model.errors import Denied

    found = look(run.hub(), clean=clean)
    problems = found["problems"]
    assert isinstance(problems, list)
    left = Denied("cli.problems", n=len(problems)) if problems else None
    return Shown(found, lambda console: _draw(console, found), problem=left)


def _draw(console: "Console", found: dict[str, Any]) -> None:
    from egide.cli.show import clean
    from egide.model.messages import say

    for kind, word in (("cleaned", say("cli.cleaned")), ("problems", say("cli.problem"))):
        for one in found[kind]:
            console.out(clean(f"{word}: {one['message']}"))
    for note in found["notes"]:
        console.out(clean(f"{say('cli.note')}: {note}"))
    if not found["problems"]:
        console.out(say("cli.sound"))

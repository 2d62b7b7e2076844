"""`egide status` and `egide doctor`: what the hub holds, and whether all is well."""

import json
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

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
    return Shown(found, problem=Denied("cli.problems", n=len(problems)) if problems else None)

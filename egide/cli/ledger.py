"""`egide ledger`: what was recorded, proved to whoever asks."""

from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()


@command(app, "show", example="egide ledger show --from 10 --limit 20")
def show(
    run: Run,
    start: Annotated[int, typer.Option("--from", min=0, help="The first event.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
) -> Shown:
    """Show events with their facts, as the operator may read them."""
    from egide.journey.ledgers import ledger_show

    return Shown({"events": ledger_show(run.hub(), start, limit)})


@command(app, "prove", example="egide ledger prove 12 --json")
def prove(
    run: Run,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="The event's number.")],
    size: Annotated[
        int | None, typer.Option("--size", help="In the tree of so many events; else the whole one.")
    ] = None,
) -> Shown:
    """Prove that an event stands in the ledger (RFC 6962 inclusion proof)."""
    from egide.journey.ledgers import ledger_prove

    return Shown(ledger_prove(run.hub(), index, size))


@command(app, "verify", example="egide ledger verify --json")
def verify(run: Run) -> Shown:
    """Recompute every leaf, node and signed head. Exit code 5 names what does not hold."""
    from egide.journey.ledgers import ledger_verify
    from egide.model.errors import Tampered

    found = ledger_verify(run.hub())
    problems = found["problems"]
    assert isinstance(problems, list)
    return Shown(found, problem=None if found["verified"] else Tampered("cli.ledger", n=len(problems)))


@command(app, "export", example="egide ledger export ./public-ledger")
def export(
    run: Run,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="An empty or new folder.")],
) -> Shown:
    """Write the public ledger as C2SP tiles, for anyone's verifier."""
    from egide.journey.ledgers import ledger_export

    return Shown(ledger_export(run.hub(), folder))


@command(
    app,
    "witness",
    example="egide ledger witness --url http://127.0.0.1:8100 --key witness.example+1a2b3c4d+...",
)
def witness(
    run: Run,
    url: Annotated[str, typer.Option("--url", metavar="U", help="Where the witness answers.")],
    key: Annotated[str, typer.Option("--key", metavar="VERIFIER", help="The witness's verifier key.")],
) -> Shown:
    """Have an independent witness countersign the ledger's head."""
    from egide.journey.ledgers import ledger_witness

    return Shown(ledger_witness(run.hub(), url, key))

"""`egide backup`: the records leave sealed, and come back closed."""

from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()

Backup = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A backup of the records.")
]


@command(app, "create", example="egide backup create records-2026-01-31.sealed")
def create(
    run: Run, file: Annotated[Path, typer.Argument(metavar="FILE", help="The sealed file to write.")]
) -> Shown:
    """Write the records as one sealed file. The keyring is not in it: keep that apart."""
    from egide.cli.files import absent
    from egide.journey.backup import create as make

    return Shown(make(run.hub(), absent(file)))


@command(app, "verify", example="egide backup verify records-2026-01-31.sealed")
def verify(run: Run, file: Backup) -> Shown:
    """Open a backup, every byte of it. Exit code 5 when it was altered."""
    from egide.journey.backup import verify as check

    return Shown(check(run.hub(), file))


@command(
    app, "restore", example="egide backup restore records.sealed --keyring keyring.json --home ./restored"
)
def restore(
    run: Run,
    file: Backup,
    keyring: Annotated[
        Path,
        typer.Option("--keyring", metavar="FILE", exists=True, dir_okay=False, help="The keyring's copy."),
    ],
) -> Shown:
    """Make a hub from a backup and its keyring. It stays closed until `egide backup reopen`."""
    from egide.journey.backup import restore as make

    return Shown(make(run.home, file, keyring=keyring))


@command(app, "reopen", example="egide backup reopen --witness http://127.0.0.1:8100 --home ./restored")
def reopen(
    run: Run,
    witness: Annotated[
        str | None,
        typer.Option("--witness", metavar="U", help="The witness that remembers the ledger's head."),
    ] = None,
    loss: Annotated[
        list[Path] | None,
        typer.Option(
            "--loss", metavar="FILE", exists=True, help="Identity files of two persons who sign the loss."
        ),
    ] = None,
) -> Shown:
    """Open a restored hub: its witness saw no later head, or two persons sign that later ones are lost."""
    from egide.journey.backup import accept_loss
    from egide.journey.backup import reopen as ask
    from egide.journey.start import acting
    from egide.model.errors import BadUsage
    from egide.wiring import open_hub

    if witness and not loss:
        return Shown(ask(run.home, witness))
    if witness or not loss:
        raise BadUsage("cli.witness-or-loss")
    hub = open_hub(run.home, closed=True)
    return Shown(accept_loss(run.home, [acting(hub, path) for path in loss]))

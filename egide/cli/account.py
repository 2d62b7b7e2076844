"""`egide account`: persons and services whose acts the hub recognises by their key."""

from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run
from egide.cli.show import row
from egide.model.act import AccountRole

app = group()


@command(app, "add", example='egide account add "Ada Martin" --role reviewer --out ada.json')
def add(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")],
    role: Annotated[list[AccountRole], typer.Option("--role", help="What it may do; may be given again.")],
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="KEY", help="The person's own public key; else an identity file is made."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the identity file is written.")
    ] = None,
) -> Shown:
    """Enrol a person or a service. Give the identity file to its person, and keep no copy."""
    from egide.crypto.sign import VerifyKey
    from egide.journey.start import add_account

    public = VerifyKey.parse(key) if key else None
    made, path = add_account(run.hub(), name, role, public_key=public, out=out)
    return Shown({**row(made), "identity": path})


@command(app, "list", example="egide account list --json")
def list_(run: Run) -> Shown:
    """List the accounts, their roles and public keys."""
    from egide.journey.look import account_list

    return Shown({"accounts": account_list(run.hub())})

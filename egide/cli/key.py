"""`egide key`: what the keyring holds, by name; and the secret of a linkage domain, for the third party."""

from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()


@command(app, "list", example="egide key list")
def list_(run: Run) -> Shown:
    """List the keyring's keys by name. No key is shown."""
    from egide.journey.look import key_list

    return Shown({"keys": key_list(run.hub())})


@command(app, "domain", example="egide key domain domain.key")
def domain(
    run: Run,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The secret file to write, mode 0600.")],
) -> Shown:
    """At the third party: make a linkage domain's secret, for its holders and never for the hub."""
    from egide.cli.files import absent
    from egide.journey.holder import new_domain_secret

    new_domain_secret(absent(file))
    return Shown({"file": file})

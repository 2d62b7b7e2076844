"""`egide init`: a hub begins."""

from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()


@command(app, "init", example='egide init --home ./hub --name "Entrepôt de recherche"')
def init(
    run: Run,
    name: Annotated[str, typer.Option("--name", help="What the hub is called.")] = "Égide",
    buckets: Annotated[
        int | None,
        typer.Option(
            "--buckets", help="Person buckets, a power of two: more for more persons. Fixed for good."
        ),
    ] = None,
) -> Shown:
    """Make a hub: keys, records, store, the owner's account, holder cnam.

    Without EGIDE_PASSPHRASE_FILE and without a terminal, a passphrase is made and kept in a file beside the
    keyring, about which you are warned: move it elsewhere."""
    from egide.cli.ending import complain
    from egide.journey.start import DEFAULT_BUCKETS, identity_path
    from egide.journey.start import init as make
    from egide.model.messages import say
    from egide.wiring import OWNER, PASSPHRASE

    hub, made = make(run.home, name=name, buckets=DEFAULT_BUCKETS if buckets is None else buckets)
    if made:
        complain(say("cli.passphrase-made", file=run.home / PASSPHRASE))
    return Shown(
        {
            "hub": hub.id,
            "name": hub.row.name,
            "home": run.home,
            "buckets": hub.buckets,
            "identity": identity_path(hub, OWNER),
            "passphrase_file": run.home / PASSPHRASE if made else None,
        }
    )

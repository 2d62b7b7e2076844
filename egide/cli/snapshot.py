"""`egide snapshot`: datasets as they were at one time."""

from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()

Snapshot = Annotated[
    str, typer.Argument(metavar="SNAPSHOT", help="DATASET (its latest), DATASET@3, or the full name.")
]


@command(app, "list", example="egide snapshot list --dataset snds-cnam-c0")
def list_(
    run: Run,
    dataset: Annotated[str | None, typer.Option("--dataset", metavar="D", help="One dataset only.")] = None,
) -> Shown:
    """List the snapshots."""
    from egide.journey.snapshots import snapshot_list

    return Shown({"snapshots": snapshot_list(run.hub(), dataset)})


@command(app, "show", example="egide snapshot show snds-cnam-c0")
def show(run: Run, snapshot: Snapshot) -> Shown:
    """Show what a snapshot is made of: deliveries, tables, periods, objects."""
    from egide.journey.snapshots import snapshot_show

    return Shown(snapshot_show(run.hub(), snapshot))


@command(app, "diff", example="egide snapshot diff snds-cnam-c0@1 snds-cnam-c0@2")
def diff(
    run: Run,
    one: Annotated[str, typer.Argument(metavar="ONE", help="The earlier snapshot.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The later snapshot.")],
) -> Shown:
    """Say what changed from one snapshot to another."""
    from egide.journey.snapshots import snapshot_diff

    return Shown(snapshot_diff(run.hub(), one, other))


@command(app, "verify", example="egide snapshot verify --json")
def verify(
    run: Run,
    snapshot: Annotated[
        str | None,
        typer.Argument(metavar="[SNAPSHOT]", help="One snapshot; else the latest of every dataset."),
    ] = None,
) -> Shown:
    """Read every object and compare it with its name. Exit code 5 names those altered or missing."""
    from egide.journey.snapshots import snapshot_verify
    from egide.model.errors import Tampered

    hub = run.hub()
    with run.progress() as progress:
        found = snapshot_verify(hub, snapshot, progress)
    altered, missing = found["altered"], found["missing"]
    assert isinstance(altered, list) and isinstance(missing, list)
    wrong = Tampered("cli.altered", altered=len(altered), missing=len(missing))
    return Shown(found, problem=wrong if altered or missing else None)

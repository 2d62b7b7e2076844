"""`egide synth`: deliveries of persons who never lived."""

from pathlib import Path
from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

app = group()

Out = Annotated[Path, typer.Argument(metavar="OUT", help="A new folder for the delivery.")]


@command(app, "snds", example="egide synth snds ./delivery --people 20000 --years 2019-2024 --seed 1")
def snds(
    run: Run,
    out: Out,
    people: Annotated[int, typer.Option("--people", help="How many persons to invent.")] = 1000,
    years: Annotated[str, typer.Option("--years", metavar="YEARS", help="2024, or 2019-2024.")] = "2019-2024",
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    defects: Annotated[
        float, typer.Option("--defects", help="Rate of bad rows of each kind; the answers stand beside.")
    ] = 0.0,
) -> Shown:
    """Invent a delivery of the SNDS by holder cnam, signed by this user's generator key (class C0)."""
    from egide.journey.make import synth

    with run.progress() as progress:
        return Shown(
            synth(out, people=people, years=_years(years), seed=seed, defects=defects, progress=progress)
        )


@command(app, "hospital", example="egide synth hospital ./register --patients 500 --seed 1")
def hospital(
    run: Run,
    out: Out,
    patients: Annotated[int, typer.Option("--patients", help="How many patients to invent.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
) -> Shown:
    """Invent a hospital's register with social security numbers of nobody, to try `egide pseudonymise`."""
    from egide.journey.make import hospital as make

    return Shown(make(out, patients=patients, seed=seed))


def _years(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise typer.BadParameter("a year, or two joined by a hyphen: 2019-2024", param_hint="--years")
    return range(int(first), int(last or first) + 1)

"""`egide holder`: organisations that deliver."""

from typing import Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run
from egide.cli.show import row

app = group()


@command(app, "add", example="egide holder add chu-exemple --domain hospital --key 5b2f...")
def add(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The holder, as its manifests name it.")],
    domain: Annotated[
        str,
        typer.Option(
            "--domain", metavar="D", help="Linkage domain: its rows may meet those of the same domain."
        ),
    ],
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", help="Public key that signs its packages.")
    ] = "",
    threshold: Annotated[
        str | None,
        typer.Option("--threshold", help="Share of refused rows over which a delivery is refused whole."),
    ] = None,
    promote: Annotated[
        list[str] | None,
        typer.Option(
            "--promote", metavar="RULE", help="A rule that refuses this holder's rows: after-death..."
        ),
    ] = None,
) -> Shown:
    """Register an organisation that delivers."""
    from egide.journey.start import THRESHOLD, add_holder

    agreed = threshold or THRESHOLD
    return Shown(
        row(
            add_holder(
                run.hub(), name, domain, threshold=agreed, public_key=key, promoted=tuple(promote or ())
            )
        )
    )


@command(app, "list", example="egide holder list")
def list_(run: Run) -> Shown:
    """List the holders, their domains and what was agreed with them."""
    from egide.journey.look import holder_list

    return Shown({"holders": holder_list(run.hub())})

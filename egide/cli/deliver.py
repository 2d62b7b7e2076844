"""`egide pseudonymise` at the holder, `egide deliver` at the hub: the way in."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

if TYPE_CHECKING:
    from rich.console import Console

    from egide.model.delivery import DeliveryReport

app = group()

Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="The folder with delivery.toml."),
]


@command(
    app,
    "pseudonymise",
    example="egide pseudonymise ./register --domain hospital --card hub-card.json --secret domain.key "
    "--out ./package",
    acts=True,
)
def pseudonymise(
    run: Run,
    folder: Folder,
    domain: Annotated[str, typer.Option("--domain", metavar="D", help="The linkage domain.")],
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            metavar="FILE",
            exists=True,
            help="The hub's card (`egide status --card`); else this hub's.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new folder; else FOLDER.package.")
    ] = None,
    secret: Annotated[
        Path | None,
        typer.Option(
            "--secret", metavar="FILE", exists=True, help="The domain's secret, from its third party."
        ),
    ] = None,
) -> Shown:
    """At the holder: write a signed, encrypted package without identifiers.

    No hub is needed here. The holder's identity file (--as, or holder.json beside the package) is made on first
    use; its public key is for the hub's operator: `egide holder add --key`."""
    from egide.journey.holder import pseudonymise as make

    out = out or folder.absolute().with_name(f"{folder.absolute().name}.package")
    with run.progress() as progress:
        return Shown(
            make(
                folder,
                domain=domain,
                out=out,
                card=_card(card) if card else _own_card(run),
                secret_file=secret,
                identity=run.identity or out.absolute().parent / "holder.json",
                progress=progress,
            )
        )


def _own_card(run: Run) -> dict[str, object]:
    """The card of the hub on this machine, for a holder that is its own operator."""
    from egide.journey.start import card

    found: dict[str, object] = json.loads(card(run.hub()))
    return found


def _card(path: Path) -> dict[str, object]:
    from egide.model.errors import BadInput

    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not {"hub", "recipient"} <= found.keys():
        raise BadInput("cli.card", file=path.name)
    return found


@command(app, "deliver", example="egide deliver ./delivery --holder cnam --report report.html")
def deliver(
    run: Run,
    folder: Folder,
    holder: Annotated[str, typer.Option("--holder", metavar="H", help="Who delivers.")],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything, keep nothing; at the holder's, without a hub."),
    ] = False,
    class_: Annotated[
        str | None, typer.Option("--class", metavar="Cn", help="A class above the model's own: C1, C2 or C3.")
    ] = None,
    declare: Annotated[
        list[Path] | None,
        typer.Option(
            "--declare",
            metavar="FILE",
            help="Identity file of a person who signs that the data are synthetic or public (C0); twice.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write the report as an HTML page.")
    ] = None,
) -> Shown:
    """Take a delivery in: verify, check, pseudonymise, seal, catalogue. Every row is accounted for."""
    from egide.journey.intake import deliver as take_in
    from egide.journey.start import acting
    from egide.model.table import DataClass

    if class_ is not None and class_ not in set(DataClass):
        raise typer.BadParameter("C0, C1, C2 or C3", param_hint="--class")
    with run.progress() as progress:
        if dry_run and not run.has_hub():
            from egide.journey.holder import dry_run as look

            made = look(folder, holder, progress=progress)
        else:
            hub = run.hub()
            declared = [acting(hub, path) for path in declare or ()]
            made = take_in(
                hub, folder, holder, dry_run=dry_run, raise_class=class_, declared=declared, progress=progress
            )
    data = made.as_json()
    if report is not None:
        from egide.model.messages import language
        from egide.portal import render_delivery_report

        report.write_text(render_delivery_report(data, language()), "utf-8")
    return Shown(data, lambda console: _draw(console, made))


def _draw(console: "Console", report: "DeliveryReport") -> None:
    from egide.cli.show import table_of
    from egide.model.messages import say

    rows = [[t.table, t.rows_in, t.accepted, t.quarantined, t.flagged] for t in report.tables.values()]
    words = [say(f"cli.{w}") for w in ("table", "rows-in", "accepted", "quarantined", "flagged")]
    if rows:
        console.print(table_of(words, [list(r) for r in rows]))
    if rules := _by_rule(report):
        console.print(table_of([say(f"cli.{w}") for w in ("rule", "severity", "rows")], rules))
    console.out(
        say(
            f"cli.verdict-{report.verdict}",
            delivery=report.delivery,
            snapshot=report.snapshot or "",
            rows=report.total("rows_in"),
            accepted=report.total("accepted"),
            quarantined=report.total("quarantined"),
            seconds=f"{report.seconds:.1f}",
        )
    )


def _by_rule(report: "DeliveryReport") -> list[list[object]]:
    """Rows by rule over all tables and columns, the gravest first; `egide quarantine list` has the rest."""
    from egide.model.delivery import RULES

    found: Counter[str] = Counter()
    for table in report.tables.values():
        for (rule, _), rows in table.rules.items():
            found[rule] += rows
    order = list(RULES)
    return [[rule, RULES[rule].value, found[rule]] for rule in sorted(found, key=order.index)]

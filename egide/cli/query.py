"""`egide query`: a question in SQL within a permit."""

from typing import TYPE_CHECKING, Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

if TYPE_CHECKING:
    from rich.console import Console

    from egide.journey.ask import Asked

app = group()

EXAMPLE = (
    'egide query --permit P-1a2b3c4d "SELECT BEN_SEX_COD, COUNT(*) FROM IR_BEN_R GROUP BY 1" --as ada.json'
)


@command(app, "query", example=EXAMPLE, acts=True)
def query(
    run: Run,
    permit: Annotated[str, typer.Option("--permit", metavar="P", help="The permit that allows it.")],
    sql: Annotated[str, typer.Argument(metavar="SQL", help='One SELECT; "-" reads it from standard input.')],
    engine: Annotated[str, typer.Option("--engine", metavar="E", help="What runs it.")] = "duckdb",
    keep: Annotated[
        bool, typer.Option("--keep", help="Make an output of the checked table, for review and release.")
    ] = False,
) -> Shown:
    """Ask a question in SQL within a permit.

    Outside class C0 only checked tables are shown: cells about fewer persons than the permit's threshold are
    hidden, and others with them where margins would give them away. A process list shows arguments: "-" does not."""
    from egide.cli.files import typed
    from egide.journey.ask import query as ask

    text = typed(sql)
    hub = run.hub()
    asked = ask(hub, permit, text, run.actor(hub), engine=engine, keep=keep)
    data = {
        "columns": asked.answer.columns,
        "rows": asked.answer.rows,
        "snapshot": asked.snapshot,
        "exclusions": asked.exclusions,
        "hidden": asked.answer.hidden,
    }
    if asked.output is not None:
        data["output"] = asked.output.id
    return Shown(data, lambda console: _draw(console, asked))


def _draw(console: "Console", asked: "Asked") -> None:
    from egide.cli.show import HIDDEN, table_of
    from egide.model.messages import say

    answer = asked.answer
    rows = [list(r) for r in answer.rows]
    for cells, hidden in zip(rows, answer.mask, strict=False):  # no mask where nothing was checked
        for number, masked in enumerate(hidden):
            if masked:
                cells[number] = HIDDEN
    console.print(table_of(list(answer.columns), rows))
    console.out(
        say(
            "cli.asked",
            rows=len(rows),
            snapshot=asked.snapshot,
            exclusions=asked.exclusions,
            hidden=answer.hidden,
        )
    )
    if asked.output is not None:
        console.out(say("cli.kept", output=asked.output.id))

"""`egide demo` and `egide serve`: the whole way on invented persons, and the hub's pages on this machine."""

import json
import os
import signal
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from egide.cli.command import Shown, command, group
from egide.cli.options import Run

if TYPE_CHECKING:
    from rich.console import Console

    from egide.wiring import Hub

app = group()

PLACE = "egide-demo"
PORT = 8000


@command(app, "demo", example="egide demo --people 2000 --no-serve --json")
def demo(
    run: Run,
    people: Annotated[int, typer.Option("--people", help="How many persons to invent.")] = 20_000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End when it is done.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="The same seed invents the same persons.")] = 1,
    port: Annotated[int, typer.Option("--port", help="Where its pages are; if taken, another.")] = PORT,
) -> Shown:
    """Take invented persons through the whole hub, then show its pages.

    The demo has a hub of its own, in ./egide-demo or --home; a former demo there is replaced, nothing else."""
    from egide.journey.demo import demo as journey

    home = run.given_home or Path(PLACE)
    os.environ.setdefault("EGIDE_UNATTENDED", "1")  # a demo asks for no passphrase
    with run.progress() as progress:
        told = journey(home, people=people, seed=seed, progress=progress)
    told["reports"] = [str(path) for path in _reports(home)]
    if no_serve:
        return Shown(told)
    running = _bound(home, port)
    told["address"] = _address(running)
    return Shown(told, lambda console: _draw(console, told), then=lambda: _answer(running))


def _reports(home: Path) -> list[Path]:
    """The demo's story as one page in each language."""
    from egide.journey.demo import REPORT
    from egide.model.messages import LANGUAGES
    from egide.portal import render_demo_report

    figures = json.loads((home / REPORT).read_text("utf-8"))
    written = []
    for lang in LANGUAGES:
        path = home / f"report.{lang}.html"
        path.write_text(render_demo_report(figures, lang), "utf-8")
        written.append(path)
    return written


def _bound(home: Path, port: int) -> ThreadingHTTPServer:
    from egide.wiring import open_hub

    hub = open_hub(home)
    try:
        return _server(hub, port)
    except OSError:
        return _server(hub, 0)


@command(app, "serve", example="egide serve --port 8000")
def serve(
    run: Run,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = PORT,
) -> Shown:
    """Show the hub's pages on this machine, until Ctrl-C."""
    running = _server(run.hub(), port)
    data = {"address": _address(running)}
    return Shown(data, lambda console: _draw(console, data), then=lambda: _answer(running))


def _server(hub: "Hub", port: int) -> ThreadingHTTPServer:
    from egide.portal import server
    from egide.portal.hub_pages import HubPages

    return server(HubPages(hub), port)


def _address(running: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{running.server_port}/"


def _answer(running: ThreadingHTTPServer) -> None:
    """Ctrl-C, or a polite request to end, is how this ends, not an accident.

    Both are asked for by name: a process started in a shell's background inherits an interrupt that is ignored."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with running:
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            return


def _draw(console: "Console", data: Mapping[str, object]) -> None:
    from egide.cli.show import listed, plain
    from egide.model.messages import say

    figures = {k: v for k, v in data.items() if k != "address"}
    if figures:
        listed(console, plain(figures))
    console.out(say("cli.serving", address=data["address"]))

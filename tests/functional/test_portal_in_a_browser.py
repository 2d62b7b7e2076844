"""The pages in Chromium: accessible, usable from a keyboard and a phone, and silent towards the network."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from example_hub import DEMO, REPORT, ExampleHub
from playwright.sync_api import Browser, Page, sync_playwright

from egide.portal import render_delivery_report, render_demo_report, server

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = [
    "", "catalogue/?q=medicament", "catalogue/snds/", "catalogue/snds/T_MCOaaB/", "catalogue/snds/T_MCOaaB/DGN_PAL/",
    "catalogue/snds/T_MCOaaB/AGE_ANN/", "deliveries/", "deliveries/cnam-2024-01/", "projects/", "projects/demo-1/",
    "ledger/", "report/", "nowhere/",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with server(ExampleHub(), 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [f"{v['id']}: {n['target']}" for v in found for n in v["nodes"]]


@pytest.mark.parametrize(("lang", "width", "scheme"), [("fr", 1100, "light"), ("en", 360, "dark")])
def test_no_page_has_an_accessibility_fault(
    browser: Browser, site: str, scheme: str, lang: str, width: int
) -> None:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    for address in PAGES:
        page.goto(f"{site}/{lang}/{address}")
        page.locator("details").evaluate_all("all => all.forEach(d => { d.open = true })")
        assert faults(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
    context.close()


def test_every_request_stays_here_and_no_policy_is_broken(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for address in PAGES[:-1]:
        page.goto(f"{site}/fr/{address}")
    assert said == []
    assert all(url.startswith((site, "data:,")) for url in asked)
    assert context.cookies() == []
    context.close()


def test_a_keyboard_is_enough(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}/en/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("main diagnosys")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/catalogue/?q=*")
    page.get_by_role("link", name="DGN_PAL").first.focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    page.wait_for_url("**/DGN_PAL/")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.evaluate("d => d.open")
    page.get_by_role("link", name="Français").click()
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.url.endswith("/fr/catalogue/snds/T_MCOaaB/DGN_PAL/")
    page.close()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_reports_open_from_a_file(browser: Browser, tmp_path: Path, lang: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    for name, html in (("d", render_delivery_report(REPORT, lang)), ("r", render_demo_report(DEMO, lang))):
        file = tmp_path / f"{name}.html"
        file.write_text(html, "utf-8")
        page.goto(file.as_uri())
        assert page.evaluate("getComputedStyle(document.querySelector('figure')).borderRadius") == "10px"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert said == []
    assert all(url.startswith("file:") for url in asked)
    context.close()

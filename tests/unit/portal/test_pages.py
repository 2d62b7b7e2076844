"""Each address answers in both languages, escapes what it shows, and the reports stand alone."""

import http.client
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from example_hub import DEMO, REFUSED, REPORT, ExampleHub

from egide.model.delivery import DeliveryReport
from egide.portal import Site, render_delivery_report, render_demo_report, server
from egide.portal.site import preferred

ADDRESSES = [
    "",
    "catalogue/",
    "catalogue/snds/",
    "catalogue/snds/T_MCOaaB/",
    *(f"catalogue/snds/T_MCOaaB/{c}/" for c in ("BEN_NIR_PSA", "DGN_PAL", "AGE_ANN", "TOT_MNT", "EXE_SOI_DTD", "ETA_NUM")),
    "deliveries/",
    "deliveries/cnam-2024-01/",
    "deliveries/chu-2024-02/",
    "projects/",
    "projects/demo-1/",
    "ledger/",
    "report/",
]  # fmt: skip
EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "rect", "path"}


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(ExampleHub())


class WellFormed(HTMLParser):
    """Every element that opens closes, in order, and every id is used once."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in EMPTY:
            self.open.append(tag)
        self.ids += [v for k, v in attrs if k == "id" and v]
        self.links += [v for k, v in attrs if k == "href" and v]
        assert not [k for k, _ in attrs if k.startswith("on") or k == "style"]

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag

    @classmethod
    def read(cls, html: str) -> "WellFormed":
        parser = cls()
        parser.feed(html)
        assert parser.open == []
        assert len(parser.ids) == len(set(parser.ids))
        return parser


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_each_page_answers_and_is_well_formed(site: Site, lang: str, address: str) -> None:
    answer = site.get(f"/{lang}/{address}")
    html = answer.body.decode()
    assert answer.status == 200
    assert f'<html lang="{lang}">' in html
    assert "<script" not in html
    for link in WellFormed.read(html).links:
        if link.startswith("/"):
            assert site.get(link).status == 200, link


@pytest.mark.parametrize(
    "path",
    ["/fr/x/", "/fr/catalogue/x/", "/fr/catalogue/snds/x/", "/fr/catalogue/snds/T_MCOaaB/x/", "/de/", "/fr/deliveries/x/",
     "/fr/projects/x/", "/fr/ledger/x/", "/static/../site.py", "/static/", "/fr/catalogue/snds/T_MCOaaB/AGE_ANN/x/"],
)  # fmt: skip
def test_anything_else_is_missing(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_addresses_without_their_slash_lead_to_the_page(site: Site) -> None:
    assert site.get("/").headers["Location"] == "/fr/"
    assert site.get("/", accepts="de, en;q=0.8").headers["Location"] == "/en/"
    assert site.get("//example.org//fr").status == 404
    assert site.get("/fr/ledger").headers["Location"] == "/fr/ledger/"
    assert site.get("/fr//example.org").headers["Location"].startswith("/fr/")
    assert preferred("") == "fr"


def test_search_finds_and_escapes(site: Site) -> None:
    assert "E119" in site.get("/fr/catalogue/", {"q": "diabete"}).body.decode()
    hostile = site.get("/fr/catalogue/", {"q": '"><script>alert(1)</script>'}).body.decode()
    assert "<script" not in hostile
    WellFormed.read(hostile)


def test_identifiers_show_only_whether_they_are_filled(site: Site) -> None:
    html = site.get("/en/catalogue/snds/T_MCOaaB/BEN_NIR_PSA/").body.decode()
    assert "<figure" not in html


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("report", [REPORT, REFUSED], ids=["accepted", "refused"])
def test_a_delivery_report_stands_alone(report: dict[str, object], lang: str) -> None:
    html = render_delivery_report(report, lang)
    read = WellFormed.read(html)
    assert [link for link in read.links if not link.startswith("#")] == []
    assert not re.search(r"""(src|url|@import)\s*[=(]""", html.split("</style>")[1])
    assert "default-src 'none'" in html


def test_a_report_of_nothing_is_still_a_page() -> None:
    empty = DeliveryReport("d-1", "cnam", "snds", "C0", verdict="unchanged").as_json()
    for lang in ("fr", "en"):
        WellFormed.read(render_delivery_report(empty, lang))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_demo_report_tells_what_it_is_given(lang: str) -> None:
    html = render_demo_report(DEMO, lang)
    WellFormed.read(html)
    assert html.count('class="cut"') == 3
    least = {
        k: v
        for k, v in DEMO.items()
        if k not in ("steps", "tables", "host", "terms", "query", "reviews", "events")
    }
    WellFormed.read(render_demo_report(least, lang))


def test_hostile_names_are_escaped() -> None:
    html = render_delivery_report({**REPORT, "holder": "<img src=x onerror=alert(1)>"}, "fr")
    assert "<img" not in html
    WellFormed.read(html)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with server(ExampleHub(), 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_port
        running.shutdown()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def test_the_server_reads_only_and_says_how_to_treat_its_pages(port: int) -> None:
    page = ask(port, "/fr/ledger/")
    assert page.status == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Server"].strip() == "egide"
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert ask(port, "/fr/", method).status == 501
    head = ask(port, "/fr/ledger/", "HEAD")
    assert head.status == 200
    assert head.read() == b""


def test_the_server_answers_to_its_own_name_only(port: int) -> None:
    assert ask(port, "/fr/", Host="attacker.example").status == 421
    assert ask(port, "/fr/", Host=f"localhost:{port}").status == 200
    assert ask(port, "/fr/catalogue/?q=" + "x" * 600).status == 414
    for path in ("/static/", "/../../etc/passwd", "/static/..%2fsite.py", "/%2e%2e/"):
        assert ask(port, path).status == 404

"""Turns a template and what it shows into a page in one language."""

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from egide.portal import charts
from egide.portal.words import Words


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("egide.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["draw"] = charts
    return made


@cache
def stylesheet() -> str:
    return resources.files("egide.portal").joinpath("static/theme.css").read_text("utf-8")


@cache
def stylesheet_hash() -> str:
    """What a content security policy calls this very stylesheet: a single-file page allows it and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()


def page(template: str, lang: str, *, alone: bool = False, path: str = "", **shown: object) -> str:
    """The page as HTML. `alone`: a single file with its stylesheet inside, that links nowhere.

    `path` is the page's address below its language, to offer the other one.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            lang=lang,
            other="en" if lang == "fr" else "fr",
            t=Words(lang),
            alone=alone,
            path=path,
            css=stylesheet() if alone else "",
            css_hash=stylesheet_hash() if alone else "",
            **shown,
        )
    )

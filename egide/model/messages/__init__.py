"""What the hub says to people, in French and in English, as data files a translator can edit."""

import os
import tomllib
from functools import cache
from importlib import resources

LANGUAGES = ("fr", "en")


def language() -> str:
    """The language of messages: `EGIDE_LANG`, else the locale, else English."""
    asked = (os.environ.get("EGIDE_LANG") or os.environ.get("LANG") or "en")[:2].lower()
    return asked if asked in LANGUAGES else "en"


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".toml"):
            for area, sentences in tomllib.loads(file.read_text("utf-8")).items():
                found |= {f"{area}.{key}": words for key, words in sentences.items()}
    return found


def say(key: str, lang: str | None = None, **facts: object) -> str:
    """The sentence named `area.key`, with its facts filled in. Facts are names and numbers, never a person's data."""
    return _catalogue()[key][lang or language()].format(**facts)


def known(key: str) -> bool:
    return key in _catalogue()

"""Sentences and numbers in the reader's language: French groups digits with narrow spaces, English with commas."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from egide.model.messages import known, say

NARROW, HARD = "\u202f", "\u00a0"
_SIGNS = re.compile(" [:;?!%»]|« ")
UNITS = {"fr": ("octets", "ko", "Mo", "Go", "To"), "en": ("bytes", "kB", "MB", "GB", "TB")}
MONTHS = {
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What templates write with. `lang` is "fr" or "en"."""

    lang: str

    def __call__(self, key: str, **facts: object) -> str:
        """The sentence `portal.key`."""
        return self._set(say(f"portal.{key}", self.lang, **facts))

    def rich(self, key: str, **facts: object) -> Markup:
        """A sentence in which *stars* stress a word; its facts are escaped."""
        parts = str(escape(self(key, **facts))).split("*")
        return Markup("".join(f"<strong>{p}</strong>" if i % 2 else p for i, p in enumerate(parts)))

    def name(self, area: str, value: object) -> str:
        """The name of a rule, state or event kind; the value itself where it has none."""
        for key in (f"portal-{area}.{value}", f"{area}.{value}"):
            if known(key):
                return self._set(say(key, self.lang))
        return str(value)

    def _set(self, text: str) -> str:
        """French keeps its double signs on the line of the word before them."""
        text = text.replace("'", "’")
        return _SIGNS.sub(lambda m: m[0].replace(" ", HARD), text) if self.lang == "fr" else text

    def number(self, value: object) -> str:
        """A count, a decimal, or a dash for nothing."""
        if value is None:
            return "–"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
        return text if self.lang == "en" else text.replace(",", NARROW).replace(".", ",")

    def count(self, value: int | None) -> str:
        """A count under the small-count rule."""
        return self("few") if value is None else self.number(value)

    def size(self, value: float) -> str:
        step = 0
        while value >= 1000 and step < len(UNITS["en"]) - 1:
            value, step = value / 1000, step + 1
        shown = int(value) if step == 0 or value >= 100 else round(value, 1)
        return f"{self.number(shown)}{HARD}{UNITS[self.lang][step]}"

    def percent(self, value: float | None) -> str:
        if value is None:
            return "–"
        shown = round(100 * value, 1)
        if value > 0 and shown == 0:
            return f"<{HARD}{self.number(0.1)}{self._percent_sign}"
        return f"{self.number(int(shown) if shown == int(shown) else shown)}{self._percent_sign}"

    @property
    def _percent_sign(self) -> str:
        return f"{NARROW}%" if self.lang == "fr" else "%"

    def seconds(self, value: float) -> str:
        if value >= 60:
            return f"{int(value // 60)}{HARD}min{HARD}{round(value % 60):02d}"
        return f"{self.number(round(float(value), 1 if value >= 1 else 2))}{HARD}s"

    def month(self, value: str) -> str:
        """ "2021-03" as a reader says it; years and anything else as they are."""
        year, dash, month = value[:7].partition("-")
        if not dash or not month.isdigit() or not 1 <= int(month) <= 12:
            return value
        return f"{MONTHS[self.lang][int(month) - 1]} {year}"

    def day(self, value: object) -> str:
        """An ISO date, or the date of an ISO instant with its time."""
        text = str(value)
        shown = (
            f"{text[8:10]}/{text[5:7]}/{text[:4]}" if self.lang == "fr" and text[4:5] == "-" else text[:10]
        )
        return f"{shown} {text[11:16]} UTC" if "T" in text else shown

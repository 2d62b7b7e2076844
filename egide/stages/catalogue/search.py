"""Finds a holder, dataset, table, column or code from words typed in a hurry, in French or in English.

Accents, case and most typing errors are forgiven. Both languages are always searched; the reader's comes first.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from egide.model.catalogue import DatasetEntry, HolderEntry
from egide.model.table import CodeList

LIKE_ENOUGH = 0.72  # similarity below which two words are different words: one error in four letters
SHORT = 4  # shorter words are codes or abbreviations: an error in one makes another
BEGINNING = 0.92  # what typing the beginning of a word is worth, beside the whole word
OTHER_LANGUAGE = 0.93
_SMALL = "a au aux d de des du en et l la le les of or ou par pour sur the to un une"
SMALL_WORDS = frozenset(re.findall("[a-z]+", _SMALL))
WEIGHTS = {"holder": 1.06, "dataset": 1.05, "table": 1.04, "column": 1.0, "code": 0.94}


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that can be found. `path` is its address below the catalogue: dataset/table/column."""

    kind: str  # holder, dataset, table, column or code
    path: str
    name: str
    label_fr: str = ""
    label_en: str = ""

    def label(self, lang: str) -> str:
        return (self.label_en if lang == "en" else self.label_fr) or self.label_fr or self.name


@dataclass(frozen=True, slots=True)
class Hit:
    topic: Topic
    score: float  # 1.0 and above: every word was found as typed


def fold(text: str) -> str:
    """Without case, accents or ligatures (Unicode NFKD; œ and æ written out)."""
    plain = text.casefold().replace("œ", "oe").replace("æ", "ae")
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words that say something; plurals lose their last letter on both sides of the comparison."""
    found = [w for w in re.split(r"[^a-z0-9]+", fold(text)) if w]
    telling = [w for w in found if w not in SMALL_WORDS] or found
    return [w[:-1] if len(w) > SHORT and w[-1] in "sx" else w for w in telling]


class Index:
    """Topics by their words. Built once for each snapshot of the catalogue; a search takes milliseconds."""

    def __init__(self, entries: Iterable[Topic]) -> None:
        self.topics = tuple(entries)
        self._postings: dict[str, dict[int, str]] = defaultdict(dict)  # word -> topic -> language
        for number, topic in enumerate(self.topics):
            for text, lang in ((topic.label_fr, "fr"), (topic.label_en, "en"), (topic.name, "")):
                for word in [*words(text), *([fold(text)] if not lang else [])]:
                    known = self._postings[word].get(number, lang)
                    self._postings[word][number] = lang if known == lang else ""
        self._words = list(self._postings)

    def search(self, query: str, lang: str, limit: int = 30) -> list[Hit]:
        """The best topics first. A topic must answer every word of the query, or all but one of three or more."""
        asked = words(query)
        scores: dict[int, list[float]] = defaultdict(list)
        for word in asked:
            for topic, score in self._matches(word, lang).items():
                scores[topic].append(score)
        needed = len(asked) - (len(asked) >= 3)
        hits = [Hit(self.topics[t], self._score(t, s, asked)) for t, s in scores.items() if len(s) >= needed]
        return sorted(hits, key=lambda h: (-h.score, len(h.topic.label(lang)), h.topic.path))[:limit]

    def _score(self, topic: int, found: list[float], asked: list[str]) -> float:
        return WEIGHTS.get(self.topics[topic].kind, 1.0) * sum(found) / len(asked)

    def _matches(self, word: str, lang: str) -> dict[int, float]:
        best: dict[int, float] = {}
        for known, likeness in self._similar(word):
            for topic, language in self._postings[known].items():
                score = likeness * (OTHER_LANGUAGE if language not in ("", lang) else 1.0)
                best[topic] = max(score, best.get(topic, 0.0))
        return best

    def _similar(self, word: str) -> Iterator[tuple[str, float]]:
        """Words of the catalogue that this one could be."""
        if len(word) < SHORT:
            yield from ((w, 1.0 if w == word else BEGINNING * 0.9) for w in self._words if w.startswith(word))
            return
        yield from ((w, BEGINNING) for w in self._words if w.startswith(word) and w != word)
        alike = process.extract(
            word,
            self._words,
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=LIKE_ENOUGH,
            limit=None,
        )
        yield from ((found, score) for found, score, _ in alike)


def topics(
    holders: Iterable[HolderEntry], datasets: Iterable[DatasetEntry], code_lists: Iterable[CodeList] = ()
) -> Iterator[Topic]:
    """Everything in the catalogue that can be found. Codes are found where a column of the catalogue uses them."""
    lists = {codes.name: codes for codes in code_lists}
    yield from (Topic("holder", h.id, h.name, h.id, h.id) for h in holders)
    for dataset in datasets:
        yield Topic("dataset", dataset.id, dataset.id, dataset.model, dataset.model)
        for table in dataset.tables:
            path = f"{dataset.id}/{table.name}"
            yield Topic("table", path, table.name, table.label_fr, table.label_en)
            for column in table.columns:
                below = f"{path}/{column.name}"
                yield Topic("column", below, column.name, column.label_fr, column.label_en)
                if column.codes in lists:
                    yield from _codes(lists.pop(column.codes), below)


def _codes(codes: CodeList, path: str) -> Iterator[Topic]:
    """The labelled codes of a list, found at the first column that uses it."""
    for code, label in codes.labels_fr.items():
        yield Topic("code", path, code, label)

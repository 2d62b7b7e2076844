"""Search forgives accents, case and typing errors, in both languages."""

import pytest

from egide.model.catalogue import ColumnEntry, DatasetEntry, HolderEntry, TableEntry
from egide.model.table import CodeList, DataClass
from egide.stages.catalogue import Index, topics


def column(name: str, fr: str, en: str, codes: str | None = None) -> ColumnEntry:
    return ColumnEntry(name, fr, en, "text", "base", codes=codes)


PHARMACY = TableEntry(
    "ER_PHA_F",
    "DCIR",
    "Médicaments délivrés en ville",
    "Medicines dispensed in pharmacies",
    (
        column(
            "PHA_PRS_C13", "Code CIP à 13 caractères du médicament", "13-character CIP code of the medicine"
        ),
        column("PHA_ACT_QSN", "Quantité délivrée", "Quantity dispensed"),
    ),
)
STAYS = TableEntry(
    "T_MCO_B",
    "PMSI",
    "Séjours hospitaliers, médecine chirurgie obstétrique",
    "Hospital stays, medicine surgery obstetrics",
    (column("DGN_PAL", "Diagnostic principal", "Main diagnosis", "cim10"),),
)
DEATHS = TableEntry(
    "KI_CCI_R",
    "CépiDc",
    "Causes de décès",
    "Causes of death",
    (column("DCD_DAT", "Date de décès", "Date of death"),),
)
CIM10 = CodeList(
    "cim10",
    frozenset({"E11", "K80"}),
    {"E11": "Diabète sucré de type 2", "K80": "Cholélithiase, cœur exclu"},
    "CC-BY",
    "ATIH",
)
SNDS = DatasetEntry("snds", "cnam", DataClass.C0, "snds", "2024", (PHARMACY, STAYS, DEATHS))
HOLDERS = [HolderEntry("cnam", "Caisse nationale de l'assurance maladie", "snds", ("snds",))]


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(topics(HOLDERS, [SNDS], [CIM10]))


@pytest.mark.parametrize(
    ("query", "lang", "first"),
    [
        ("médicament", "fr", "snds/ER_PHA_F"),
        ("medicamnt", "fr", "snds/ER_PHA_F"),
        ("MEDICAMENTS DELIVRES", "fr", "snds/ER_PHA_F"),
        ("medicines", "en", "snds/ER_PHA_F"),
        ("medecines dispensd", "en", "snds/ER_PHA_F"),
        ("diabete", "fr", "snds/T_MCO_B/DGN_PAL"),
        ("diabète sucer", "fr", "snds/T_MCO_B/DGN_PAL"),
        ("coeur", "fr", "snds/T_MCO_B/DGN_PAL"),
        ("e11", "fr", "snds/T_MCO_B/DGN_PAL"),
        ("hopsital stays", "en", "snds/T_MCO_B"),
        ("sejour hospitalier", "fr", "snds/T_MCO_B"),
        ("diagnosis main", "en", "snds/T_MCO_B/DGN_PAL"),
        ("causes of deaht", "en", "snds/KI_CCI_R"),
        ("date de déces", "fr", "snds/KI_CCI_R/DCD_DAT"),
        ("ER_PHA_F", "en", "snds/ER_PHA_F"),
        ("er pha", "en", "snds/ER_PHA_F"),
        ("assurance malade", "fr", "cnam"),
        ("quantite", "en", "snds/ER_PHA_F/PHA_ACT_QSN"),
    ],
)
def test_the_best_answer_comes_first(index: Index, query: str, lang: str, first: str) -> None:
    found = index.search(query, lang)
    assert found, query
    assert found[0].topic.path == first, [h.topic.path for h in found[:3]]


@pytest.mark.parametrize("query", ["", "   ", "xylophone", "tracteur agricole", "'; DROP", "\u0301", "🙂"])
def test_nonsense_finds_nothing(index: Index, query: str) -> None:
    assert index.search(query, "fr") == []


def test_exact_beats_misspelt_and_the_readers_language_comes_first(index: Index) -> None:
    exact, wrong = (index.search(q, "fr")[0].score for q in ("diagnostic", "diagnostik"))
    assert exact > wrong
    french, english = (index.search("médicament", lang)[0].score for lang in ("fr", "en"))
    assert french > english

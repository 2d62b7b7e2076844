"""Recorded, proved, verified, exported: every act of the hub in one append-only tree (docs/ledger-format.md).

`record` appends and signs heads, `prove` answers outsiders, `witness` has a third party countersign,
`verify` trusts no stored byte, `export` writes C2SP tiles, `receipt` is what a release carries away.
"""

from egide.stages.ledger.export import export
from egide.stages.ledger.prove import prove_consistency, prove_inclusion
from egide.stages.ledger.receipt import make_receipt, receipt_body, released_facts, review_subject
from egide.stages.ledger.record import Recorded, append, checkpoint, history
from egide.stages.ledger.verify import LedgerReport, verify
from egide.stages.ledger.witness import witnessed

__all__ = [
    "LedgerReport",
    "Recorded",
    "append",
    "checkpoint",
    "export",
    "history",
    "make_receipt",
    "prove_consistency",
    "prove_inclusion",
    "receipt_body",
    "released_facts",
    "review_subject",
    "verify",
    "witnessed",
]

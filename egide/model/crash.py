"""The instants of a delivery at which a crash would matter: proofs of durability end the process at each of them.

In the order of the way in. docs/format.md gives the write order that they stand between.
"""

from enum import StrEnum


class CrashPoint(StrEnum):
    """`EGIDE_KILL_AT=<value>` ends the process with SIGKILL the first time it gets there."""

    ARRIVED = "arrived"  # manifest, signature, hashes and counts are right; nothing is written
    CHECKED = "checked"  # every row judged; some may have been spilled
    FIRST_OBJECT = "first-object-stored"
    QUARANTINE = "quarantine-stored"
    OBJECTS = "objects-stored"  # all rows are in the store
    IDENTITY = "identity-stored"
    MANIFESTS = "manifests-stored"
    ROOT = "root-stored"  # whole in the store, unknown to the records
    KEK = "dataset-key-made"  # the keyring changed, the transaction is open
    KEYS = "keys-added"
    BEFORE_COMMIT = "before-commit"
    AFTER_COMMIT = "after-commit"  # the delivery is there, its scratch folder too

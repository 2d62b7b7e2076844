"""Fourth stage: rows become sealed objects, objects become a signed snapshot (docs/format.md)."""

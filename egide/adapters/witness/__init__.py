"""The independent party that countersigns the ledger's heads, over the network."""

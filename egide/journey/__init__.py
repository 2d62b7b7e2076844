"""What the hub does, told in the order in which it happens: each module is one chapter (docs/story.md).

`start` a hub and its people; `arrival` and `intake` take data in, `publish` makes a snapshot of them; `access` grants
permits, `view` shows what a permit allows, `ask` answers a question, `out` lets a checked result leave; `record` and
`ledgers` keep the history; `catalogue`, `look`, `snapshots` and `doctor` tell; `rights`, `backup`, `holder`, `make` and
`demo` are what their names say.
"""

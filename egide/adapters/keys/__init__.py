"""Keepers of long-lived secrets. One folder each; docs/format.md describes the file."""

"""The only folder that touches a cipher. Well-known constructions from `cryptography`; docs/format.md says which."""

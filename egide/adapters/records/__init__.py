"""The hub's records in a relational database: SQLite by default, PostgreSQL for a service."""

"""DuckDB, twice: `trusted` runs only our SQL and may read sealed files; `fenced` runs a researcher's and may read nothing."""

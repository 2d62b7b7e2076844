# One command per wish. `make help` lists them; docs/decisions/0001-layout.md says why they are so few.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
TYPED  := egide/model egide/rules egide/ports egide/crypto
PEOPLE ?= 20000

.PHONY: help install develop system demo serve check docs test prove bench lock clean

help:            ## this list
	@grep -E '^[a-z]+: .*##|^[a-z]+: +##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## make .venv with everything the hub runs on, and its bill of materials

$(VENV)/.installed: pyproject.toml requirements/base.in requirements/base.lock scripts/install.sh
	PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/install.sh

develop: $(VENV)/.developed ## add what checks and proves the hub

$(VENV)/.developed: $(VENV)/.installed requirements/dev.lock
	$(PY) -m pip install --quiet --require-hashes -r requirements/dev.lock
	touch $@

system:          ## the Debian packages that the tests need (apt-get when root)
	@sh scripts/system_packages.sh

demo: install    ## a delivery from holder to released result, then its pages on 127.0.0.1:8000
	$(VENV)/bin/egide demo --people $(PEOPLE) $(DEMO)

check: develop   ## format, lint, strict types, arrows, generated pages
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy $(TYPED)
	$(VENV)/bin/lint-imports
	$(PY) scripts/generated_docs.py --check

docs: develop    ## write the generated pages again
	$(PY) scripts/generated_docs.py

test: develop system check ## every layer, or a failure: nothing is skipped
	$(PY) -m pytest -m "not prove" $(TESTS)

prove: develop system ## the long proofs
	$(PY) -m pytest -m prove $(TESTS)

bench: develop   ## ours beside the reference, as CPU ratios
	for one in bench/*.py; do $(PY) $$one || exit 1; done

lock:            ## resolve the locks again; needs uv on the path
	uv pip compile -q --universal --python-version 3.11 requirements/base.in -o requirements/base.lock --generate-hashes --no-emit-index-url --no-header
	uv pip compile -q --universal --python-version 3.11 requirements/dev.in -o requirements/dev.lock --generate-hashes --no-emit-index-url --no-header

clean:           ## forget the virtual environment and every cache
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

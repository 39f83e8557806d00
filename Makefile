PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Each waits for databases half of its time, so there is one more than two cores. Long files come early by their names.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-quick check format bench docs pictures units translations wheel clean

help:
	@echo "make demo    run the main job on a small host with demo data (SQLite, emails as files)"
	@echo "make test    run all tests (SQLite and PostgreSQL; MariaDB where it is reachable): about ten minutes"
	@echo "make test-quick    run those that take no time, on SQLite: about one minute"
	@echo "make check   format, lint, types, imports"
	@echo "make format  mend what can be mended of that"
	@echo "make bench   measure, and print the goal of each measure beside what it is now"
	@echo "make docs    build the documentation into site/, warnings as errors"
	@echo "make units   render systemd/ anew"
	@echo "make wheel   build the package into dist/"

$(READY): pyproject.toml
	@echo "making $(VENV) with all that tests and documentation need: about a minute, once"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group test --group lint --group docs
	@touch $@

demo: $(READY)
	$(BIN)/python examples/saas/demo.py

test: $(READY)
	@echo "all tests on every database: about ten minutes on two cores; make test-quick takes about one"
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-quick: $(READY)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow" -k "not mariadb and not postgresql"

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.crash

docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "the documentation is in site/index.html; searching needs a server: $(BIN)/python -m http.server -d site"

pictures: $(READY)
	$(BIN)/python -m tests.docs.pictures
	$(BIN)/python -m tests.examples.pictures

units: $(READY)
	$(BIN)/python -m flask_subscription_ops.schedules.systemd units systemd/

wheel: $(READY)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist site .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

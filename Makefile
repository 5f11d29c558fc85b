# Every target makes .venv itself. Needed: Python 3.11 or newer with venv, git, make.
.DEFAULT_GOAL := help
.PHONY: help demo test slow faults lint audit format bench lock clean
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
# Python leaves byte code in these environments even where the user's settings forbid it elsewhere:
# without it every start of the program compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONHOME
unexport PYTHONPATH
unexport VIRTUAL_ENV

# The first Python that is new enough; `make PYTHON=/path/to/python3 ...` names another.
NEW_ENOUGH := import sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && command -v "$$name" && break; done)
UV := $(shell command -v uv 2>/dev/null)
ifdef UV
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

# A virtual environment that no longer starts (its Python was removed) is set up anew.
ifneq ($(wildcard $(VENV)/.runtime),)
ifneq ($(shell $(BIN)/python -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && echo yes),yes)
$(shell rm -f $(VENV)/.runtime $(VENV)/.dev)
endif
endif

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## Apply, wait, settle and verify on the local sandbox
	$(BIN)/runner demo

test: $(VENV)/.dev ## Run the tests; PYTEST="-k name" narrows them
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadgroup $(PYTEST)

slow: $(VENV)/.dev ## Run the tests that take longer than `make test` may
	$(BIN)/python -m pytest -m slow --numprocesses auto --maxprocesses 4 $(PYTEST)

LEVEL := all
TIER := $(if $(filter all,$(LEVEL)),a b c d,a)
SEED := $(shell date +%s)
faults: $(VENV)/.dev ## Play the fault matrix and publish its table; LEVEL=first or TIER=b plays a part
	$(if $(filter a,$(TIER)),$(BIN)/python -m tests.faults --level $(LEVEL) $(if $(filter all,$(LEVEL)),--publish))
	$(if $(filter b,$(TIER)),$(BIN)/python -m tests.faults.processes --tier b --publish)
	$(if $(filter c,$(TIER)),$(BIN)/python -m tests.faults.processes --tier c --publish)
	$(if $(filter d,$(TIER)),HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -q tests/faults/test_random.py tests/faults/test_random_runs.py --hypothesis-seed=$(SEED))
	$(if $(filter all,$(LEVEL)),$(BIN)/python -m tests.faults --rewrite)

lint: $(VENV)/.dev ## Run ruff, mypy and import-linter
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy runner tests benchmarks tools
	$(BIN)/lint-imports --no-cache

audit: ## Ask the advisories about every pinned package (needs uv and the network)
	@test -n "$(UV)" || { echo "make audit needs uv on PATH" >&2; exit 64; }
	for lock in requirements.lock requirements-dev.lock requirements-build.lock; do \
		$(UV) tool run pip-audit --require-hashes --disable-pip --requirement $$lock || exit 1; \
	done

format: $(VENV)/.dev ## Let ruff rewrite what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format --quiet

bench: $(VENV)/.dev ## Measure, as ratios to a floor of the same run; BENCH="startup" narrows it
	$(BIN)/python -m benchmarks.run $(BENCH)

MKDOCS := mkdocs==1.6.1
docs: build/docs/.ready ## Write the pages as a site to build/site
	build/docs/bin/mkdocs build --quiet --site-dir build/site

build/docs/.ready:
	"$(PYTHON)" -m venv --clear build/docs
	build/docs/bin/python -m pip install --quiet --disable-pip-version-check '$(MKDOCS)'
	@touch $@

# The index address, the command and the machine's paths stay out of the files.
LOCK := pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock'
lock: ## Pin the newest allowed versions by hash (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv on PATH" >&2; exit 64; }
	$(UV) $(LOCK) --upgrade --output-file requirements.lock
	$(UV) $(LOCK) --upgrade --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	printf 'hatchling\n' | $(UV) $(subst pyproject.toml,-,$(LOCK)) --upgrade \
		--constraint requirements-dev.lock --output-file requirements-build.lock

clean: ## Remove .venv, caches and builds; .runner/ (sandbox state) stays
	rm -rf $(VENV) build dist .coverage htmlcov .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find runner tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.runtime: requirements.lock requirements-build.lock pyproject.toml runner/__init__.py
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11 or newer with venv was found (Debian: apt install python3-venv)." >&2; \
		echo "Name one with: make PYTHON=/path/to/python3 ..." >&2; exit 64; }
	@$(BIN)/python -c '$(NEW_ENOUGH)' >/dev/null 2>&1 || { \
		echo "Making $(VENV) with $(PYTHON)"; "$(PYTHON)" -m venv --clear $(VENV); }
	@echo "Installing what the program needs"
	@$(INSTALL) --no-deps --require-hashes -r requirements.lock -r requirements-build.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(VENV)/lib runner
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing what tests and checks need"
	@$(INSTALL) --no-deps --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m compileall -q $(VENV)/lib
	@touch $@

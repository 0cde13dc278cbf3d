# Each target is one command; `make` lists them. Nothing is needed but Python 3.11, git and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Distributions build Python with profile-guided optimisation, version managers that compile it do not: a quarter slower.
PYTHON ?= $(or $(wildcard /usr/bin/python3.11),$(shell command -v python3.11))
# uv from the machine, else from PyPI into a virtual environment of its own: system Pythons refuse pip.
UV := $(or $(shell command -v uv),.uv/bin/uv)
SYNC := sync --frozen --compile-bytecode --quiet $(if $(PYTHON),--python $(PYTHON))
RUN := .venv/bin/python
# Options for the command behind a target: make rehearse ARGS=--keep
ARGS ?=

# The local Snowflake, a distribution of its own; a fork may delete it (docs/local-snowflake.md).
LOCAL := environments/local/snowflake

.PHONY: help init rehearse test localtest profiles faults lint format fork bench picture local clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@[ -d $(LOCAL) ] || echo "$(LOCAL) is deleted: make localtest has nothing to test, and where pyproject.toml names no" \
	"release of local-snowflake, make test runs the unit tests only, and rehearse, profiles, faults, bench and local are gone."

init: .venv/.installed ## name the project: asks, or takes ARGS="--prefix ACME --graph CHURN ..."; can be run again
	@$(RUN) -m deploy init $(ARGS)

rehearse: .venv/.installed ## play the whole delivery on this machine (ARGS=--keep leaves the server running)
	@$(RUN) -m environments.local.rehearsal $(ARGS)

test: .venv/.installed .venv-cli/.installed ## run all tests, with the coverage that they reach
	@$(RUN) -m tests.run $(ARGS)

localtest: ## test the local Snowflake itself (SINCE=COMMIT: only if its folder has changed since)
	@if [ ! -d $(LOCAL) ]; then echo "there is no $(LOCAL): nothing to test"; \
	elif [ -n "$(SINCE)" ] && git diff --quiet "$(SINCE)" -- $(LOCAL); then echo "$(LOCAL) is as in $(SINCE), where it was tested"; \
	else $(MAKE) --no-print-directory -C $(LOCAL) lint test; fi

profiles: .venv/.installed ## run the delivery in accounts of every profile (make test runs one of them, another each day)
	@PROFILES=all $(RUN) -m tests.run --dist load tests/integration/test_profiles.py $(ARGS)

faults: .venv/.installed ## let every fault meet every request of a deploy (ARGS=--every: also those that show nothing new)
	@$(RUN) -m tests.faults $(ARGS)

lint: .venv/.installed ## check the code, its format, and the workflow files
	@.venv/bin/ruff check . && .venv/bin/ruff format --check --quiet .
	@PATH="$(CURDIR)/.venv/bin:$$PATH" actionlint
	@$(RUN) -m tests.workflows.language_service
	@.venv/bin/zizmor --offline --persona auditor --quiet --no-progress .github

format: .venv/.installed ## format the code and mend what can be mended by machine
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

fork: .venv/.installed ## live through a fork's day on a copy: other names, another pipeline, a merge from upstream
	@$(RUN) -m tests.fork

bench: .venv/.installed ## measure what docs/design.md names
	@$(RUN) -m tests.bench $(ARGS)

picture: .venv/.installed ## draw docs/rehearsal.png from the report of the last rehearsal (needs Chromium)
	@$(RUN) -m environments.local.rehearsal.picture

local: .venv/.installed ## start a local Snowflake in .local/account on port 8085, with a tenth of the sample data
	@.venv/bin/local-snowflake --home .local/account --port 8085 --scale 0.1 $(ARGS)

clean: ## remove what these commands made
	rm -rf .venv .venv-cli .uv .local dist tests/workflows/language_service/node_modules .pytest_cache .ruff_cache .coverage*

.uv/bin/uv:
	@for python in $(PYTHON) python3; do \
	$$python -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv && exit; done; rm -rf .uv; \
	echo "error: uv could not be installed from PyPI (above). next, on Debian: apt-get install python3-venv" >&2; exit 1

.venv/.installed: pyproject.toml uv.lock $(wildcard $(LOCAL)/pyproject.toml) | $(UV)
	@$(UV) $(SYNC) && touch $@

# The CLI's dependencies conflict with the pipeline's, so it has an environment of its own.
.venv-cli/.installed: pyproject.toml uv.lock | $(UV)
	@UV_PROJECT_ENVIRONMENT=.venv-cli $(UV) $(SYNC) --only-group cli && touch $@

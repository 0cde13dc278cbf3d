# Each target is one command; `make` lists them. Nothing is needed but Python 3.11, git and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Distributions build Python with profile-guided optimisation, version managers that compile it do not: a quarter slower.
PYTHON ?= $(or $(wildcard /usr/bin/python3.11),$(shell command -v python3.11))
# uv from the machine, unless it is too old to read pyproject.toml; else from PyPI into a virtual environment of its own:
# system Pythons refuse pip.
UV_OLDEST := 0.9
UV := $(or $(shell found=$$(command -v uv) && printf '%s\n' $(UV_OLDEST) "$$(uv --version | cut -d' ' -f2)" | sort -C -V \
&& echo "$$found"),.uv/bin/uv)
SYNC := sync --frozen --compile-bytecode --no-progress $(if $(PYTHON),--python $(PYTHON))
# $(call install,FOLDER,OPTIONS): install what uv.lock names. uv prints what it downloads and how large that is; its list
# of all packages is left out.
define install
@$(UV) lock --check --offline --quiet 2>/dev/null || { echo "error: uv.lock does not fit pyproject.toml any more" >&2; \
echo "next: $(UV) lock" >&2; exit 1; }
@echo "installing into $(1) what uv.lock names: uv downloads what its cache lacks, then compiles all (half a minute)" >&2
@set -o pipefail; UV_PROJECT_ENVIRONMENT=$(1) $(UV) $(SYNC) $(2) 2>&1 | awk '!/^ +([+~-]|Downloaded) /{print; fflush()}' >&2
@touch $@ && echo "$(1) takes $$(du -sh $(1) | cut -f1) of the disk" >&2
endef
RUN := .venv/bin/python
# Options for the command behind a target: make rehearse ARGS=--keep
ARGS ?=

# The local Snowflake, a distribution of its own; a fork may delete it, or all of environments/local
# (docs/local-snowflake.md). What would run on it then says so, and CI goes on.
LOCAL := environments/local/snowflake
NEEDS = @if [ ! -d $(1) ]; then echo "there is no $(1): make $@ has nothing to do"; exit; fi;

TARGETS := help init rehearse test localtest profiles faults lint format fork bench picture local notebook deploy clean
# Make takes a folder for a target that is made already, and would say so.
FOLDERS := $(filter-out $(TARGETS),$(patsubst %/,%,$(wildcard */)))
.PHONY: $(TARGETS) $(FOLDERS)

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@[ -d $(LOCAL) ] || echo "$(LOCAL) is deleted: make localtest has nothing to test, and where pyproject.toml names no" \
	"release of local-snowflake, make test runs the unit tests only, and rehearse, profiles, faults, bench and local are gone."

init: .venv/.installed ## name the project: asks, or takes ARGS="--prefix ACME --graph CHURN ..."; can be run again
	@$(RUN) -m deploy init $(ARGS)

rehearse: .venv/.installed ## play the whole delivery on this machine (ARGS=--keep leaves the server running)
	$(call NEEDS,environments/local/rehearsal) $(RUN) -m environments.local.rehearsal $(ARGS)

test: .venv/.installed .venv/.ray .venv-cli/.installed ## run all tests, with the coverage that they reach
	@$(RUN) -m tests.run $(ARGS)

localtest: ## test the local Snowflake itself (SINCE=COMMIT: only if its folder has changed since)
	@if [ ! -d $(LOCAL) ]; then echo "there is no $(LOCAL): nothing to test"; \
	elif [ -n "$(SINCE)" ] && git diff --quiet "$(SINCE)" -- $(LOCAL); then echo "$(LOCAL) is as in $(SINCE), where it was tested"; \
	else $(MAKE) --no-print-directory -C $(LOCAL) lint test; fi

profiles: .venv/.installed ## run the delivery in accounts of every profile (make test runs one of them, another each day)
	$(call NEEDS,environments/local/rehearsal) PROFILES=all $(RUN) -m tests.run --dist load tests/integration/test_profiles.py $(ARGS)

faults: .venv/.installed ## let every fault meet every request of a deploy (ARGS=--every: also those that show nothing new)
	$(call NEEDS,environments/local/rehearsal) $(RUN) -m tests.faults $(ARGS)

lint: .venv/.installed ## check the code, its types and format, and the workflow files
	@.venv/bin/ruff check . && .venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy --no-error-summary
	@PATH="$(CURDIR)/.venv/bin:$$PATH" actionlint
	@$(RUN) -m tests.workflows.language_service
	@.venv/bin/zizmor --offline --persona auditor --quiet --no-progress .github

format: .venv/.installed ## format the code and mend what can be mended by machine
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

fork: .venv/.installed ## live through a fork's day on a copy: other names, another pipeline, a merge from upstream (ARGS=--whole: all tests)
	@$(RUN) -m tests.fork $(ARGS)

bench: .venv/.installed ## measure what docs/design.md names
	$(call NEEDS,environments/local/rehearsal) $(RUN) -m tests.bench $(ARGS)

picture: .venv/.installed ## draw docs/rehearsal.png from the report of the last rehearsal (needs Chromium)
	$(call NEEDS,environments/local/rehearsal) $(RUN) -m environments.local.rehearsal.picture

local: .venv/.installed ## start a local Snowflake in .local/account on port 8085, with a tenth of the sample data
	$(call NEEDS,$(LOCAL)) .venv/bin/local-snowflake --home .local/account --port 8085 --scale 0.1 $(ARGS)

notebook: .venv/.notebook ## start Jupyter on an environment: ARGS="--env dev --schema-of me"
	@$(RUN) -m dag.notebook $(ARGS)

deploy: .venv/.installed ## run the deployer (ARGS="status --env dev"; without them, list its commands)
	@$(RUN) -m deploy $(or $(ARGS),--help)

clean: ## remove what these commands made
	rm -rf .venv .venv-cli .uv .local dist tests/workflows/language_service/node_modules .pytest_cache .ruff_cache .mypy_cache .coverage*

$(FOLDERS):
	@echo "error: $@ is a folder, and no target" >&2; echo "next: make help" >&2; exit 2

.uv/bin/uv:
	@echo "installing uv into .uv: 25 MB to download" >&2
	@for python in $(PYTHON) python3; do \
	$$python -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv && exit; done; rm -rf .uv; \
	echo "error: uv could not be installed from PyPI (above). next, on Debian: apt-get install python3-venv" >&2; exit 1

.venv/.installed: pyproject.toml uv.lock $(wildcard $(LOCAL)/pyproject.toml) | $(UV)
	$(call install,.venv,$(if $(wildcard .venv/.ray),--group ray) $(if $(wildcard .venv/.notebook),--group notebook))

# What only tests need; it stays once it is asked for.
.venv/.ray: pyproject.toml uv.lock | .venv/.installed
	$(call install,.venv,--group ray $(if $(wildcard .venv/.notebook),--group notebook))

# Jupyter, likewise.
.venv/.notebook: pyproject.toml uv.lock | .venv/.installed
	$(call install,.venv,--group notebook $(if $(wildcard .venv/.ray),--group ray))

# The CLI's dependencies conflict with the pipeline's, so it has an environment of its own.
.venv-cli/.installed: pyproject.toml uv.lock | $(UV)
	$(call install,.venv-cli,--only-group cli)

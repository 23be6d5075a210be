# `make demo` shows the main job on this machine alone; `make test` passes the tests. Both set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help demo test lint unit packages cluster cluster-down deploy image clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), f"speccheck needs Python 3.11 or later, this is {sys.version.split()[0]}; set PYTHON=…"'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements/runtime.txt
	$(PIP) --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.runtime ## find the race in the DNS balancer's design, on this machine alone
	@SPECCHECK=$(BIN)/speccheck sh examples/demo.sh

test: $(VENV)/.dev packages lint ## everything: style, types, layers, unit and cluster tests
	$(BIN)/python -m pytest -n 2 -m "not cluster" tests
	$(BIN)/python -m pytest -m cluster tests

unit: $(VENV)/.dev ## the tests that need no cluster
	$(BIN)/python -m pytest -n 2 -m "not cluster" tests

packages: # what the cluster's tests need of Debian, as root; elsewhere they use Docker and kind, or are skipped and say so
	@if [ "$$(id -u)" -eq 0 ] && [ -e /etc/debian_version ]; then sh tests/cluster/packages.sh; fi

lint: $(VENV)/.dev ## style, types and layers
	$(BIN)/ruff check operator tests specs examples benchmarks
	$(BIN)/ruff format --check operator tests examples benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

cluster: $(VENV)/.dev packages ## start a Kubernetes cluster to try speccheck on (kind where Docker answers)
	$(BIN)/python -m tests.cluster up

cluster-down: $(VENV)/.dev ## take the cluster of `make cluster` down
	$(BIN)/python -m tests.cluster down

deploy: $(VENV)/.dev ## install the operator there; IMAGE=name:tag installs that image where kubectl points
	sh manifests/deploy.sh

image: $(VENV)/.dev packages ## build the container image without Docker; prints its name and archive
	$(BIN)/python -m tests.cluster image

clean: ## remove what the targets made in this directory
	rm -rf $(VENV) build dist operator/*.egg-info .mypy_cache .ruff_cache .import_linter_cache

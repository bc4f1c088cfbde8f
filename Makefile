# Few verbs, the same that CI runs. Everything made lies in .venv, ui/node_modules, glia/server/static and dist.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
CHROMIUM ?= /usr/bin/chromium
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Named in every pip command, so that a build of it that pip finds first (a CPU build, say) is kept.
TORCH := torch==2.13.0

INSTALLED := $(VENV)/.installed
TOOLS := $(VENV)/.tools
MODULES := ui/node_modules/.installed
PAGES := glia/server/static/index.html
PAGE_SOURCES := $(shell find ui -name node_modules -prune -o -type f ! -name '*.test.ts' -print 2>/dev/null)

.PHONY: help demo test test-foreign test-all lint fix docs ui bench wheel clean check-pages node chromium

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED)  ## install Glia, train a small network on handwritten digits, print what was found
	$(BIN)/glia demo

test: $(TOOLS) chromium $(PAGES) lint check-pages  ## every check: lint, types, imports, unit, docs, browser
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-foreign: $(TOOLS)  ## train with Keras, Lightning and Transformers, each in an environment made for it
	$(BIN)/python -m pytest -m foreign

test-all: test test-foreign  ## and the slow ones
	$(BIN)/python -m pytest -m slow

lint: $(TOOLS)  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

fix: $(TOOLS) $(MODULES)  ## format, and rebuild what is built from the code
	$(BIN)/python -m glia.models.catalogue
	$(BIN)/python -m glia.server.openapi > ui/openapi.json
	cd ui && npm run types && npm run format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(TOOLS)  ## run every command and program in README.md and docs/
	$(BIN)/python -m pytest tests/test_readme.py

ui: $(PAGES)  ## build the pages

bench: $(TOOLS)  ## measure Glia beside its peers (an hour and a half)
	for program in start loop layers reading tracking durability population many search studies; do \
	  $(BIN)/python benchmarks/$$program.py; done

wheel: $(TOOLS) $(PAGES)  ## build dist/*.whl and dist/*.tar.gz with the pages inside
	rm -rf dist
	$(BIN)/python -m hatchling build --directory dist
	@$(BIN)/python -m zipfile --list dist/*.whl | grep $(PAGES)
	@tar --list --file dist/*.tar.gz | grep $(PAGES)

clean:  ## remove everything that was made
	rm -rf $(VENV) ui/node_modules glia/server/static dist benchmarks/.environments .environments
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Glia needs Python 3.11 or newer; $$($(PYTHON) --version 2>&1) is what '$(PYTHON)' starts." \
	       "Name another one: make PYTHON=python3.12 demo" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP) $(TORCH) --editable .
	@touch $@

$(TOOLS): $(INSTALLED)
	$(PIP) $(TORCH) --editable '.[dev]'
	@touch $@

node:
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a < 20 || (a == 20 && b < 19) ? 1 : 0)' \
	  2>/dev/null && command -v npm >/dev/null \
	  || { echo "The pages are built with Node.js 20.19 or newer and npm. Install both (https://nodejs.org;" \
	       "on Debian 13: apt-get install nodejs npm)." >&2; exit 1; }

$(MODULES): ui/package-lock.json | node
	cd ui && npm ci --no-audit --no-fund
	@touch $@

$(PAGES): $(MODULES) $(PAGE_SOURCES)
	cd ui && npm run build
	@touch $@

check-pages: $(MODULES)
	cd ui && npm run check && npm test

chromium:
	@test -x "$(CHROMIUM)" || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update --quiet && DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes chromium; \
	else echo "The browser tests need Chromium. On Debian: apt-get install chromium;" \
	  "elsewhere name it: make CHROMIUM=/path/to/chromium test" >&2; exit 1; fi

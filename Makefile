# Few verbs, the same that CI runs. Everything lives in .venv and ui/node_modules.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-all lint fix docs ui bench wheel clean

demo: $(VENV)/.core  ## install Glia, train the guide's network on handwritten digits, show what was found
	$(BIN)/glia demo

test: $(READY) system ui lint  ## every check that CI runs
	$(BIN)/python -m pytest -n 2

test-all: test  ## and the slow ones
	$(BIN)/python -m pytest -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY)  ## format, and rebuild what is built from the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m glia.testing.catalogue

$(VENV)/.core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch -e .
	touch $@

$(READY): $(VENV)/.core
	$(BIN)/python -m pip install --quiet -c constraints.txt torch -e ".[dev]"
	touch $@

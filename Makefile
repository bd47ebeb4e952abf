# Everything a bare machine needs is made here: `make quickstart`, `make test`, `make check`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_CONSTRAINT := $(CURDIR)/constraints/cpu.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

RUN_NAME ?= quickstart-$(shell date +%Y%m%d-%H%M%S)

.PHONY: quickstart check test test-full docs format clean

quickstart: $(VENV)/.user
	$(BIN)/whet train quickstart --name $(RUN_NAME)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

# a process per core with one thread each, for the kernels of tiny models don't gain from two
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

test-full: $(VENV)/.full
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "" -n auto --maxprocesses 4 --dist loadfile

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build src/*.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.user: pyproject.toml constraints/cpu.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints/cpu.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet -e '.[dev,gym,json,lora,search]'
	touch $@

$(VENV)/.full: $(VENV)/.dev
	$(BIN)/pip install --quiet -e '.[oracles]'
	touch $@

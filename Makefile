# Every verb makes what it needs: `make demo` and `make test` work on a fresh clone.
PYTHON ?= python3
ENV := .venv
BIN := $(ENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install demo serve test check bench soak

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(ENV)/.all  ## Make the environment (.venv) with every extra
demo: $(ENV)/.demo  ## Learn, recognise and search real handwritten digits
	$(BIN)/lookalike demo --folder runs/demo

serve: $(ENV)/.serve $(ENV)/.demo  ## Serve the demo's digits, with a page: http://127.0.0.1:8000
	test -e runs/demo/current || $(BIN)/lookalike demo --folder runs/demo
	$(BIN)/lookalike serve runs/demo

# There is a process for each core: more threads would only wait for one another.
test: $(ENV)/.test  ## Run every test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q --numprocesses auto

check: $(ENV)/.test  ## Lint, types and the layer test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

bench: $(ENV)/.bench  ## Speed beside other libraries, and the bars
	$(BIN)/lookalike bench neighbors && $(BIN)/lookalike bench algorithms

soak: $(ENV)/.bench $(ENV)/.test  ## The service under fire: long tests, minutes at twice its capacity
	LOOKALIKE_LONG=10 $(BIN)/python -m pytest -q tests/service
	$(BIN)/python benchmarks/soak.py

$(ENV)/.%: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable '.[$*]' && touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(ENV)

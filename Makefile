# Every verb makes what it needs: `make demo` and `make test` work on a fresh clone.
PYTHON ?= $(if $(filter Windows_NT,$(OS)),python,python3)
ENV := .venv
BIN := $(ENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip --disable-pip-version-check
CASES ?= ../shared/cases
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q

.DEFAULT_GOAL := help
.PHONY: help install demo serve test check docs cases bench soak package

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(ENV)/.lint $(ENV)/.test $(ENV)/.docs $(ENV)/.bench  ## Make the environment (.venv) with everything
demo: $(ENV)/.demo  ## Learn, recognise and search real handwritten digits
	$(BIN)/lookalike demo --folder runs/demo

serve: $(ENV)/.serve $(ENV)/.demo  ## Serve the demo's digits, with a page: http://127.0.0.1:8000
	test -e runs/demo/current || $(BIN)/lookalike demo --folder runs/demo
	$(BIN)/lookalike serve runs/demo

# There is a process for each core: more threads would only wait for one another.
# COVERAGE=yes says which share of the lines ran, too.
test: $(ENV)/.test $(if $(COVERAGE),$(ENV)/.coverage)  ## Run every test
	$(PYTEST) --numprocesses auto $(if $(COVERAGE),--cov --cov-report=term:skip-covered)

check: $(ENV)/.lint $(ENV)/.test  ## Lint, types, dependencies and the layer test
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python .ci/typed.py
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q tests/test_layers.py

docs: $(ENV)/.docs  ## Build the documentation site, warnings as errors: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

cases: $(ENV)/.test  ## Run every case of CASES, or its corrected copy in tests/cases
	@mkdir -p runs/cases; for path in $(CASES)/[!_]*.py; do \
	    test -e "$$path" || { echo "There are no cases in $(CASES)."; break; }; \
	    name=$$(basename "$$path"); test ! -e "tests/cases/$$name" || path="tests/cases/$$name"; \
	    PYTHONPATH=$(CASES) $(BIN)/python "$$path" > "runs/cases/$$name.out" 2>&1 && status=0 || status=$$?; \
	    echo "$$status $$path"; \
	done

bench: $(ENV)/.bench  ## Speed beside other libraries, and the bars
	$(BIN)/lookalike bench neighbors && $(BIN)/lookalike bench algorithms

soak: $(ENV)/.bench $(ENV)/.test  ## The service under fire, damaged files and extreme numbers: long tests
	LOOKALIKE_LONG=10 $(BIN)/python -m pytest -q tests/service tests/newcomer tests/test_docs.py
	LOOKALIKE_LONG=10 $(BIN)/python -m pytest -q -m full
	$(BIN)/python benchmarks/soak_inputs.py
	$(BIN)/python benchmarks/soak.py

package: $(ENV)/.package  ## Build the wheel and the source archive into dist/
	$(BIN)/python -m build --outdir dist && $(BIN)/twine check --strict dist/*

# A stamp each: the user's extras, and the groups of those who work on the package.
$(ENV)/.demo $(ENV)/.serve: $(ENV)/.%: pyproject.toml constraints.txt | $(ENV)/.pip
	$(PIP) install --quiet --constraint constraints.txt --editable '.[$*]' && touch $@

$(ENV)/.test $(ENV)/.bench: $(ENV)/.%: pyproject.toml constraints.txt | $(ENV)/.pip
	$(PIP) install --quiet --constraint constraints.txt --editable '.[all]' --group $* && touch $@

$(ENV)/.lint $(ENV)/.docs $(ENV)/.coverage $(ENV)/.package: $(ENV)/.%: pyproject.toml | $(ENV)/.pip
	$(PIP) install --quiet --constraint constraints.txt --editable . --group $* && touch $@

# Groups need pip 25.1.
$(ENV)/.pip: | $(BIN)/python
	$(PIP) install --quiet --upgrade 'pip>=25.1' && touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(ENV)

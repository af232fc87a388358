# `make demo` needs only Python 3.11 or newer; everything is installed into .venv.
PYTHON ?= python3
# The exact version lets a machine with a CPU build at hand take it instead of several GB of CUDA packages.
TORCH ?= torch==2.13.0
BIN := .venv/bin
DEMO_OUT ?= demo-output

.PHONY: demo test check format clean

demo: .venv/demo.stamp
	$(BIN)/python examples/demo.py --out $(DEMO_OUT)

test: check
	$(BIN)/python -m pytest

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build dist $(DEMO_OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/demo.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable ".[demo]"
	touch $@

.venv/dev.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet "$(TORCH)"
	$(BIN)/pip install --quiet --editable ".[dev,train,report,web,cloud]"
	touch $@

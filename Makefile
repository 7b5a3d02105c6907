# Two commands do everything on a fresh machine: `make demo` and `make test`.
# uv is used where it is installed; otherwise plain venv + pip.
PYTHON ?= python3.11
VENV   ?= .venv
BIN     = $(VENV)/bin
STAMP   = $(VENV)/.installed
OUT    ?= out

.DEFAULT_GOAL := help
.PHONY: help install demo test quick lint types check serve bench fuzz explore nightly conformance chaos docs lock clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv -q --seed --python $(PYTHON) $(VENV); \
	  uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock; \
	  uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock; \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $(STAMP)

install: $(STAMP)  ## set up .venv from the lock file

demo: $(STAMP)  ## run the main job on the fixture hospital; OUT=DIR chooses where results go
	@$(BIN)/adapter demo --out $(OUT)

test: $(STAMP)  ## all tests, foreign validators included where their runtimes can be had
	@$(BIN)/python -m pytest -m "not slow" -n auto
	@$(BIN)/python -m pytest -m slow -n $$(( $$(nproc) + 1 )) --dist loadfile  # many of them wait

quick: $(STAMP)  ## the tests without real processes and foreign validators
	@$(BIN)/python -m pytest -m "not slow" -n auto

lint: $(STAMP)  ## format and lint
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)  ## strict types
	@$(BIN)/mypy

check: lint types quick  ## what to run before a commit

serve: $(STAMP)  ## start the service on http://127.0.0.1:8000
	@$(BIN)/adapter serve

bench: $(STAMP)  ## measure; writes bench/RESULTS.md
	@$(BIN)/python -m bench

fuzz: $(STAMP)  ## fuzz the readers for 80 minutes; writes bench/FUZZ.md
	@$(BIN)/python -m bench.fuzz

explore: $(STAMP)  ## send made-up requests to every address for half an hour, from the OpenAPI
	@ADAPTER_API_FUZZ_SECONDS=1800 $(BIN)/python -m pytest tests/conformance/test_openapi.py

nightly: $(STAMP)  ## 20,000 examples a law, a million bills against the oracle
	@$(BIN)/python -m bench.properties
	@$(BIN)/python -m bench.oracle

conformance: $(STAMP)  ## what validators and readers of others say of our FHIR
	@$(BIN)/python -m pytest tests/conformance

chaos: $(STAMP)  ## 540 kills over every dialect, twelve minutes or more; writes bench/CHAOS.md
	@$(BIN)/python -m bench.chaos --kills 540 --store both

docs: $(STAMP)  ## regenerate the generated pages of docs/
	@$(BIN)/python -m tests.house.pages --write

lock:  ## resolve requirements.lock anew (needs uv)
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --quiet --all-extras pyproject.toml -o requirements.lock

clean:  ## remove what the commands above made
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/conformance/node_modules tests/conformance/java/target tests/conformance/server/target

# Needs Python 3.11 or newer and make; everything else is installed into .venv. ARGS="…" is passed on: make up ARGS="--port 8001"
# Tests run in two processes, a file at a time each; ARGS="-n0 …" runs them in one, for a debugger.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: install up test lint fix docs lock bench chaos chaos-ci chaos-mutants machine-mutants wheel bench-peers soak soak-ci

install: $(STAMP)

$(STAMP): requirements/dev.txt setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Tawkee needs Python 3.11 or newer, and $(PYTHON) is older or missing: make PYTHON=python3.12 install" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "Python's venv is missing (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	rm -rf tawkee.egg-info  # one left by a wheel would be found before what is installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(STAMP)

up: install
	@exec $(BIN)/tawkee up --demo $(ARGS)

test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cog --check $(DOCS)

fix: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install
	$(BIN)/cog -r $(DOCS)

bench: install
	@$(BIN)/python -m benchmarks $(ARGS)

# DURATION in seconds, SEED to have it all happen again, ARGS="--profile rolling" for another kind of weather
chaos: install
	@$(BIN)/python -m benchmarks.chaos --seconds $(or $(DURATION),60) $(if $(SEED),--seed $(SEED)) $(ARGS)

chaos-ci: install
	@for seed in 1 2; do $(BIN)/python -m benchmarks.chaos --seconds 45 --seed $$seed || exit 1; done

chaos-mutants: install
	@$(BIN)/python -m benchmarks.chaos.mutants $(ARGS)

# the same mutants against tests/conversation/test_machine.py; ARGS="--lives hunt --seeds 3" looks longer
machine-mutants: install
	@$(BIN)/python -m benchmarks.chaos.machine $(ARGS)

# DURATION in seconds, RATE in messages a second
soak: install
	@$(BIN)/python -m benchmarks.soak --seconds $(or $(DURATION),1800) --rate $(or $(RATE),20) $(ARGS)

# a few seconds of it: a real installation, every figure there, nothing lost or doubled
soak-ci: install
	@SOAK=1 $(BIN)/python -m pytest -q tests/benchmarks/test_soak.py -k short_soak

bench-peers: install
	@$(BIN)/python -m benchmarks.peers $(ARGS)

wheel: install
	$(BIN)/python -m build --no-isolation --outdir dist

# The only recipe that resolves versions; uv lives in a folder that is thrown away.
lock:
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && $(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" install --quiet uv && \
	for name in base dev; do \
	    "$$tools/bin/uv" pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet $(ARGS) \
	        -o requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

DOCS = README.md $(wildcard docs/*.md)

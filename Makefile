# Everything lives in this folder: the environment in .venv, what is made in out/.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup schemas demo test check bench fuzz clean

setup: .venv/.ready

.venv/.ready: pyproject.toml hatch_build.py build_schemas.py
	@command -v $(PYTHON) >/dev/null || { echo "paritas: $(PYTHON) not found: install Python 3.11 or later, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "paritas: $(PYTHON) is $$($(PYTHON) -V 2>&1); Python 3.11 or later is needed: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "paritas: $(PYTHON) has no venv module: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

# The setup makes the schema bundle; this makes it again if it was lost or its generator changed.
schemas: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .

demo: setup
	@$(BIN)/paritas demo --out out/demo

test: setup
	@$(BIN)/python -m pytest -n auto

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/paritas bench

# Fuzzes both readers, each for half of TIME seconds; needs Linux. What it finds is left in out/fuzz.
TIME ?= 60
fuzz: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz
	@mkdir -p out/fuzz/xml out/fuzz/mt
	@for reader in xml mt; do $(BIN)/python tests/fuzz/fuzz.py $$reader out/fuzz/$$reader tests/fuzz/corpus/$$reader \
		-max_total_time=$$(($(TIME) / 2)) -max_len=20000 -artifact_prefix=out/fuzz/$$reader- || exit 1; done

clean:
	@rm -rf .venv out dist

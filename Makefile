# Everything a checkout needs; `make` alone says what there is.
#
# The environment in $(VENV) is made when it is first needed, and renewed when pyproject.toml or
# constraints.txt change. Any target works as root and as an ordinary user; where the tests build
# networks, an ordinary user gets a user namespace from the launcher.

VENV ?= .venv
# More than most machines of CI have cores: many tests wait in wall time.
WORKERS ?= 5
ARGS ?=

BIN := $(VENV)/bin
LAUNCH := $(BIN)/python -m hil.net.launcher
PYTEST := $(LAUNCH) $(BIN)/python -m pytest
INSTALL := .ci/make-venv
INPUTS := pyproject.toml constraints.txt $(INSTALL)
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev

# Images of containers set this; then each of the hundreds of processes of a run compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help certify test lint soak bench docs durations kills dist clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
	@echo
	@echo '  ARGS="..." is passed on:  make certify ARGS="--defect NAME"'
	@echo '                            make test ARGS="tests/wire -k tftp"'

certify: $(RUN) ## judge the virtual handset against the specification
	@$(BIN)/hil certify $(ARGS)

test: $(DEV) ## run the tests of hil itself, WORKERS=5 at a time
	@$(PYTEST) -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(DEV) ## ruff, mypy --strict and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict
	@$(BIN)/lint-imports --no-logo

soak: $(DEV) ## repeat the scenarios that must come out alike every time
	@$(PYTEST) -m soak $(ARGS)

bench: $(DEV) ## measure, and print a table
	@$(LAUNCH) $(BIN)/python -m benchmarks $(ARGS)

docs: $(RUN) ## make docs/requirements.md and the schema of inventories anew
	@$(BIN)/hil spec page --output docs/requirements.md
	@$(BIN)/hil testbed schema >testbeds/inventory.schema.json

durations: $(RUN) ## take hil/pace/durations.json anew, by three runs of the whole suite
	@$(BIN)/hil certify --timers usual --json $(VENV)/usual.json
	@$(BIN)/hil certify --timers quick --json $(VENV)/quick.json
	@sed '0,/^    seed: 1/s//    capabilities: {minimum_timer_s: 60}\n&/' testbeds/virtual.yaml >$(VENV)/slow.yaml
	@$(BIN)/hil certify --timers quick --json $(VENV)/slow.json --testbed $(VENV)/slow.yaml
	@$(BIN)/python -m hil.pace $(patsubst %,$(VENV)/%.json,usual quick slow) >$(VENV)/durations.json
	@mv $(VENV)/durations.json hil/pace/durations.json

kills: $(RUN) ## take hil/adequacy/kills.json anew, by every defect against all its tests
	@$(BIN)/hil adequacy --json $(VENV)/adequacy.json
	@$(BIN)/python -m hil.adequacy $(VENV)/adequacy.json >$(VENV)/kills.json
	@mv $(VENV)/kills.json hil/adequacy/kills.json

dist: $(DEV) ## build the wheel and the source archive into dist/
	@$(BIN)/python -m hatchling build

clean: ## remove all that was made here, the environment too
	rm -rf $(VENV) .venv-labgrid dist build hil-out .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): $(INPUTS)
	@$(INSTALL) $(VENV) .
	@touch $@

$(DEV): $(INPUTS)
	@$(INSTALL) $(VENV) '.[dev]'
	@touch $(RUN) $@

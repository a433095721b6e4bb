# What a developer of this project types. `make help` lists it.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# more than there are cores: tests wait for servers and processes half of their time
PROCESSES ?= 4
# has the DuckDB that most programs still have; tests open copies with it
OLDER := .venv-duckdb1
# where nothing compiled is kept, each of some hundred processes compiles all of it again
TESTS := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q

# has Spark with Iceberg's runtime, and Daft on Ray; tests ask them for what was published
LAKE := .venv-lake
SCHEDULERS := .venv-schedulers
# has a DuckDB for which there are the extensions that DuckLake needs
DUCKLAKE := .venv-ducklake
# what builds much before its first test: each file in one process
LAKE_ALONE := tests/destinations/test_lake_marts.py tests/destinations/test_lake_upkeep.py

.PHONY: help install demo test test-more smoke lint format docs digest bench audit clean soak lake schedulers ducklake

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: install python3-venv."; exit 1; }

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing what a run needs into $(VENV) …"
	@$(PIP) install -qq -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing what the tests need into $(VENV) …"
	@$(PIP) install -qq -c constraints.txt -e '.[dev]'
	@touch $@

$(OLDER)/installed: Makefile
	@echo "Installing an older DuckDB into $(OLDER) …"
	@$(PYTHON) -m venv $(OLDER)
	@$(OLDER)/bin/python -m pip --disable-pip-version-check install -qq duckdb==1.4.5
	@touch $@

install: $(VENV)/installed ## Make .venv with the command .venv/bin/pylon
	@echo "Ready: $(BIN)/pylon --help"

$(VENV)/installed-demo: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing what the demo needs into $(VENV) …"
	@$(PIP) install -qq -c constraints.txt -e '.[analytics,report]'
	@touch $(VENV)/installed $@

demo: $(VENV)/installed-demo ## Copy a sample workspace into DuckDB, analyse it and write a report
	@$(BIN)/pylon demo

test: $(VENV)/installed-dev $(OLDER)/installed ## Run the tests, offline; of large spaces of cases, and of what is dear beside the copy, a share
	@draw=$${PYLON_DRAW:-$$(date +%s)}; echo "PYLON_DRAW=$$draw"; PYLON_PART=first PYLON_DRAW=$$draw $(TESTS) -n $(PROCESSES) --durations=10

test-more: $(VENV)/installed-dev $(OLDER)/installed ## Run what make test leaves out: with its PYLON_DRAW=…, both together run each test once
	@draw=$${PYLON_DRAW:-$$(date +%s)}; echo "PYLON_DRAW=$$draw"; PYLON_PART=second PYLON_DRAW=$$draw $(TESTS) -n $(PROCESSES) --durations=10

soak: $(VENV)/installed-dev ## An hour of kills, simulated lives and odd answers, others each time; PYLON_SOAK_MINUTES=N for longer
	@seed=$${TEST_SEED:-$$(date +%s)}; echo "TEST_SEED=$$seed"; PYLON_SOAK=1 TEST_SEED=$$seed $(TESTS) -n $(PROCESSES) -m soak

smoke: $(VENV)/installed-dev ## Build the wheel, install it elsewhere with what it needs, and use it there; so with dlt init
	@rm -rf build && mkdir -p build/smoke  # what a former build left would be packed too
	@$(PIP) wheel -q --no-deps -w build/smoke .
	@$(PYTHON) -m venv build/smoke/environment
	@build/smoke/environment/bin/python -m pip --disable-pip-version-check install -qq -c constraints.txt \
		"$$(echo build/smoke/*.whl)[analytics,dashboard]"
	@PYTHONPATH=tests $(BIN)/python -m support.dockerfile build/smoke/image
	@grep -v '^sqlglot==' constraints.txt > build/smoke/constraints.txt  # which only our cap keeps back there
	@for one in bare complete; do \
		required=; [ $$one = bare ] || required="-r sources/pylon/requirements.txt"; \
		$(PYTHON) -m venv build/smoke/$$one || exit 1; \
		build/smoke/$$one/bin/python -m pip --disable-pip-version-check install -qq -c build/smoke/constraints.txt \
			"dlt[duckdb]" $$required || exit 1; \
	done
	@PYLON_WHEEL_ENVIRONMENT=build/smoke/environment PYLON_IMAGE=build/smoke/image PYLON_INIT_ENVIRONMENTS=build/smoke \
		$(BIN)/python -m pytest -q tests/wheel tests/dlt_init/test_fresh.py

lint: $(VENV)/installed-dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/hadolint deploy/Dockerfile

format: $(VENV)/installed-dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(VENV)/installed-dev ## Write the pages anew that are written from the code
	@PYTHONPATH=tests $(BIN)/python -m support.questions_docs
	@PYTHONPATH=tests $(BIN)/python -m support.reliability_docs
	@PYTHONPATH=tests $(BIN)/python -m support.lineage
	@$(BIN)/python -m pylon_elt.pipelines.docs.reference

digest: $(VENV)/installed-dev ## Write the digest of the published OpenAPI document beside the project anew
	@PYTHONPATH=tests $(BIN)/python -m support.published

$(LAKE)/installed: benchmarks/lake_requirements.txt benchmarks/lake_environment.sh
	@echo "Installing Spark, and Daft on Ray, into $(LAKE) …"
	@rm -rf $(LAKE)
	@PYTHON=$(PYTHON) bash benchmarks/lake_environment.sh $(LAKE)

lake: $(LAKE)/installed ## Make .venv-lake with Spark and Daft on Ray, for the tests of what is published

$(SCHEDULERS)/installed: pyproject.toml constraints.txt $(wildcard deploy/*/requirements.txt)
	@for one in airflow dagster prefect; do \
		echo "Installing $$one into $(SCHEDULERS)/$$one …"; \
		$(PYTHON) -m venv $(SCHEDULERS)/$$one || exit 1; \
		own=; [ $$one != dagster ] || own="-c constraints.txt -e ."; \
		$(SCHEDULERS)/$$one/bin/python -m pip --disable-pip-version-check install -qq -r deploy/$$one/requirements.txt $$own || exit 1; \
	done
	@touch $@

schedulers: $(SCHEDULERS)/installed ## Make .venv-schedulers with Airflow, Dagster and Prefect, for the tests of what is in deploy/

$(DUCKLAKE)/installed: pyproject.toml constraints.txt tests/destinations/ducklake_requirements.txt
	@echo "Installing DuckLake, and a DuckDB for it, into $(DUCKLAKE) …"
	@$(PYTHON) -m venv $(DUCKLAKE)
	@grep -v '^duckdb==' constraints.txt > $(DUCKLAKE)/constraints.txt
	@$(DUCKLAKE)/bin/python -m pip --disable-pip-version-check install -qq -c $(DUCKLAKE)/constraints.txt \
		-r tests/destinations/ducklake_requirements.txt -e '.[dev]'
	@touch $@

ducklake: $(DUCKLAKE)/installed ## Fill a DuckLake and compare it, in .venv-ducklake
	@PYLON_DUCKLAKE_TESTS=1 env -u PYTHONDONTWRITEBYTECODE $(DUCKLAKE)/bin/python -m pytest -q -n $(PROCESSES) -m "" \
		tests/destinations $(LAKE_ALONE:%=--ignore=%)
	@PYLON_DUCKLAKE_TESTS=1 env -u PYTHONDONTWRITEBYTECODE $(DUCKLAKE)/bin/python -m pytest -q -n 2 --dist loadfile -m "" $(LAKE_ALONE)

bench: $(VENV)/installed-dev ## Measure against dlt's rest_api and DuckDB's own reader
	@$(BIN)/python -m benchmarks

audit: ## Look up known weaknesses of the pinned versions, where a feed of advisories can be had
	@rm -rf build/audit && mkdir -p build
	@$(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip --disable-pip-version-check install -qq pip-audit
	@build/audit/bin/python .ci/audit.py build/audit/bin/pip-audit constraints.txt

clean: ## Remove what make made
	@rm -rf $(VENV) $(OLDER) $(LAKE) $(SCHEDULERS) $(DUCKLAKE) build *.egg-info .pytest_cache .mypy_cache .ruff_cache

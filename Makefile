# Needs make and Python 3.11 or newer, nothing else: everything is installed into .venv.
# Settings, all optional: PYTHON=python3.12, PORT=3001, HOST=0.0.0.0, ARGS="what the command is to get";
# JOBS=4 for the tests, SHAPE=spike and UI=1 for `load`, QUICK=1 for `bench`, MINUTES=10 for `torture`.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 3000

# The model store lives in this folder, so that a project never mixes its models with another's.
# An exported BENTOML_HOME wins: that is how a shared store is used.
BENTOML_HOME ?= $(CURDIR)/.bentoml
BENTOML_DO_NOT_TRACK ?= True
export BENTOML_HOME BENTOML_DO_NOT_TRACK

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# Where pip is told not to compile, every start of every process would: half of the time until it is ready.
COMPILE := $(BIN)/python -m compileall -q -j 0 .venv/lib || true

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help serve train test check pytest cover format load bench torture build image evidently track \
	tools sbom audit semgrep lock clean distclean missing

help:  ## list the targets (this is the default)
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target what; do \
		printf '  make %-10s %s\n' "$$target" "$$what"; done

serve: missing  ## train what the store lacks, then serve on http://localhost:3000
	exec $(BIN)/bentoml serve --host $(HOST) --port $(PORT) $(ARGS)

train: .venv/.train  ## train all models, or ARGS="loan_default --data FILE"
	$(BIN)/python -m train $(ARGS)

test: check pytest  ## check, then run every test: what a change must pass

check: .venv/.dev  ## formatting, lint, security, types, import layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

# Processes among which the test files are divided; each trains the models for itself.
JOBS ?= 2

pytest: .venv/.dev  ## the tests alone, or some: ARGS="-k loan -m 'not slow'"
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

cover: .venv/.dev  ## the tests again, with branch coverage and its floor
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

format: .venv/.dev  ## rewrite the code as `check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

SHAPE ?= steady

load: .venv/.dev  ## load-test what `serve` serves: SHAPE=steady, breaking_point, spike or mixed; UI=1
	$(BIN)/locust -f locustfiles/$(SHAPE).py --host http://$(HOST):$(PORT) \
		$(if $(UI),--web-host 127.0.0.1,--headless --only-summary) $(ARGS)

bench: missing .venv/.dev  ## measure this service against its peers, side by side (an hour; QUICK=1: some minutes)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

MINUTES ?= 10

torture: .venv/.dev  ## overload, killed workers, odd bytes: MINUTES=10 each; slow clients a sixth of it; other faults
	TORTURE_MINUTES=$(MINUTES) $(BIN)/python -m pytest -m torture $(ARGS)

build: missing  ## train what the store lacks, then put service and models into one Bento
	$(BIN)/bentoml build $(ARGS)

# The release path names its base by digest: make image BASE_IMAGE=python:3.11-slim@sha256:... RELEASE=1
image: missing  ## build the Bento, then the container image tabento:latest (TAG=..., BASE_IMAGE=...)
	$(BIN)/python -m deploy.image $(if $(RELEASE),--release) $(if $(TAG),--tag $(TAG)) \
		$(if $(BASE_IMAGE),--base $(BASE_IMAGE)) $(ARGS)

evidently: .evidently/.made  ## make the environment for `python -m monitoring report --evidently`

track: .track/.made  ## make the environment for `--track` and for `python -m train formats` with ONNX

.track/.made: requirements/track.txt
	$(PYTHON) -m venv .track
	.track/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.evidently/.made: requirements/evidently.txt
	$(PYTHON) -m venv .evidently
	.evidently/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

tools: .venv-deploy/.made  ## the clouds' own libraries, by which the tests check deploy/ (optional)

sbom: .audit/.made  ## what goes into the image, as CycloneDX 1.6: dist/sbom.cdx.json
	@mkdir -p dist
	.audit/bin/cyclonedx-py requirements requirements/image.txt --pyproject pyproject.toml --spec-version 1.6 \
		--output-format JSON --output-reproducible --validate --output-file dist/sbom.cdx.json
	.audit/bin/python deploy/sbom.py dist/sbom.cdx.json

audit: .audit/.made  ## known holes in what is locked (ARGS="--ignore-vuln ID": one that does no harm here)
	@failed=0; for lock in requirements/*.txt; do echo "$$lock:"; .audit/bin/pip-audit --strict --require-hashes \
		--disable-pip --progress-spinner off -r $$lock $(ARGS) || failed=1; done; \
		if [ $$failed = 1 ]; then echo >&2 "make audit: a hole is named above. Where no hole is, but 'not found' or a" \
			"connection that failed, the database could not be asked, and nothing is known: try where it can."; exit 1; fi

semgrep: .semgrep/.made  ## no pickle, eval or assert in what is served, by .semgrep.yml (a large download)
	PATH="$(CURDIR)/.semgrep/bin:$$PATH" .semgrep/bin/semgrep scan --metrics=off --disable-version-check --quiet \
		--error --config .semgrep.yml $(ARGS) .

# Their own environments: what looks at the locks is not held by them.
.semgrep/.made: requirements/semgrep.txt
	$(PYTHON) -m venv .semgrep
	.semgrep/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.audit/.made: requirements/audit.txt
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

lock: .venv/.dev  ## write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade: newest versions)
	$(BIN)/uv pip compile --quiet pyproject.toml $(ARGS) -o requirements/serve.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --excludes requirements/image.exclude $(ARGS) \
		-c requirements/serve.txt -o requirements/image.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra train $(ARGS) \
		-c requirements/serve.txt -o requirements/train.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra train --extra arrow --extra signing --extra dev $(ARGS) \
		-c requirements/train.txt -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --no-header benchmarks/peers/estimators.in $(ARGS) \
		-c requirements/serve.txt -o benchmarks/peers/estimators.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra train --extra track --extra formats $(ARGS) \
		-c requirements/train.txt -o requirements/track.txt
	$(BIN)/uv pip compile --quiet --no-header requirements/evidently.in $(ARGS) -o requirements/evidently.txt
	$(BIN)/uv pip compile --quiet --no-header requirements/audit.in $(ARGS) -o requirements/audit.txt
	$(BIN)/uv pip compile --quiet --no-header requirements/semgrep.in $(ARGS) -o requirements/semgrep.txt
	$(BIN)/uv pip compile --quiet --no-header requirements/deploy.in $(ARGS) -o requirements/deploy.txt
	for peer in benchmarks/peers/*/requirements.in; do $(BIN)/uv pip compile --quiet --no-header $$peer \
		$(ARGS) -c benchmarks/peers/estimators.txt -o $${peer%.in}.txt || exit 1; done

clean:  ## remove caches and built Bentos, never a model
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage .coverage.* htmlcov build dist .bentoml/bentos
	find . -path ./.venv -prune -o -path ./.bentoml -prune -o -name __pycache__ -exec rm -rf {} +

distclean: clean  ## remove .venv and this folder's model store as well
	rm -rf .venv .venv-deploy .bentoml .bench .evidently .track .audit .semgrep

# Trains nothing when the store has every model.
missing: .venv/.train
	@$(BIN)/python -m train --missing

# A stamp is as old as the last installation of its lock, so that a changed lock is installed and nothing
# is done twice. The three locks agree on every version: dev holds train, train holds serve.
.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo >&2 \
		"Tabento needs Python 3.11 or newer, and $(PYTHON) is not. Name another: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.train: requirements/train.txt | .venv/.made
	@echo "Installing $< into .venv: this takes a minute or two, once."
	@$(INSTALL) -r $<
	@$(COMPILE)
	@touch $@

.venv/.dev: requirements/dev.txt | .venv/.made
	@echo "Installing $< into .venv: this takes a minute or two, once."
	@$(INSTALL) -r $<
	@$(COMPILE)
	@touch .venv/.train $@

# These do not go together with the locks above: botocore wants an older python-dateutil.
.venv-deploy/.made: requirements/deploy.txt | .venv/.made
	$(BIN)/python -m venv .venv-deploy
	@.venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

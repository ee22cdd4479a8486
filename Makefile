# Every command from a bare checkout: what is missing is installed into .local/ first, and only there.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run up down token build test simulate soak bench pages lint lock clean release release-check ready-to-deploy ready-to-test

export PYTHONPATH := layers/voucher:.
export PYTHONDONTWRITEBYTECODE := 1
# a seed lives the same life in every process
export PYTHONHASHSEED := 0

PYTHON := .local/development/bin/python
DEPLOY := PYTHONPATH= AWS_DEFAULT_REGION=ap-east-1 SAM_CLI_TELEMETRY=0 .local/deploy/bin
# Two rings at a time, the long ones first; each prints what it found when it is through.
RINGS := functions faults model journeys races simulation infra rules store
# GNU make 3.81 (of macOS) has no order of output: the lines of two rings mix. Nor does it know .SHELLFLAGS: see `|| exit`.
IN_ORDER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
SIDE_BY_SIDE = $(MAKE) --no-print-directory --keep-going --jobs=2 $(IN_ORDER)
CHECKED := infra layers/voucher functions tests
PLAIN_TEMPLATES := $(filter-out infra/identity.yaml,$(wildcard infra/*.yaml))
LOCKED := layers/dependencies/requirements infra/requirements/development infra/requirements/deploy \
          infra/requirements/emulator infra/requirements/lock

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

run: ready-to-deploy ## everything a newcomer needs: the local stack, a demo city, one programme year told step by step
	$(if $(AGAIN),@$(PYTHON) -m infra.local.stack down)
	@$(PYTHON) -m infra.local.stack up $(if $(PORT),--port $(PORT))
	@$(PYTHON) -m infra.demo

up: ready-to-deploy ## the local stack without the demo year; .local/stack.json says where it is; PORT=… asks for a port
	@$(PYTHON) -m infra.local.stack up $(if $(PORT),--port $(PORT))

token: ## a fresh access token of somebody in the city: make token WHO=owner
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m infra.demo.token '$(WHO)'; else echo "Nothing runs yet: \`make run\` first." >&2; exit 1; fi

down: ## end the local stack, and nothing else
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m infra.local.stack down; else echo "Nothing was running."; fi

build: ready-to-deploy ## what `sam deploy` takes, layers compiled; prints where its template is
	@$(PYTHON) -c "from infra.local import deployment; print(deployment.build(deployment.fingerprint()))"

test: ready-to-test ## all tests: rules, store, functions, races, faults, the model, the simulation, the journeys; nothing is left running
	@$(SIDE_BY_SIDE) $(RINGS:%=ring-%) $(BESIDE)

ring-%:
	@echo "== tests/$*"
	@$(PYTHON) -m infra.local.ring --quiet --durations=3 tests/$*

simulate: ready-to-test ## lives in a simulated AWS that fails as the seed says: SEEDS=1000, FIRST=0
	@$(PYTHON) -m tests.simulation $(or $(FIRST),0) $(or $(SEEDS),1000)

soak: ready-to-test ## the long tests: thousands of model runs and made-up calls, every fault at every call, every condition removed in turn
	@$(PYTHON) -m infra.soak

bench: ready-to-test ## measure speed, scale and cost, and print the table; what a rush needs: RUSH="--claimants 20000 --seconds 60"
	@$(PYTHON) -m infra.bench $(if $(RUSH),rush $(RUSH))

pages: ready-to-deploy ## rewrite what the pages (README.md of each room) say of the code
	@$(PYTHON) -m infra.pages

lint: ready-to-deploy ## style, types, arrows between the rooms, packages and licences, templates for all regions
	@$(PYTHON) -m ruff check $(CHECKED)
	@$(PYTHON) -m ruff format --check $(CHECKED)
	@$(PYTHON) -m mypy
	@.local/development/bin/lint-imports
	@.local/development/bin/deptry --config infra/requirements/deptry.toml functions layers/voucher
	@$(PYTHON) -m infra.licences
	@for template in template.yaml infra/*.yaml; do $(DEPLOY)/sam validate --lint --template "$$template" || exit; done
	@$(DEPLOY)/cfn-lint --regions ap-east-1 cn-north-1 cn-northwest-1 --template template.yaml $(PLAIN_TEMPLATES)

release: ready-to-deploy ## keep what this code writes and reads as a release, and its document: VERSION=1.1.0
	@$(PYTHON) -m tests.releases $(VERSION)
	@$(PYTHON) -m infra.contract

release-check: lint ## may this code follow the last release: its document, its records, its models, and the templates
	@$(PYTHON) -m infra.local.ring --quiet tests/infra tests/functions/test_releases.py

lock: ## resolve the requirements anew, with hashes and without download addresses
	@python=$$(infra/local/python) && "$$python" infra/local/environment.py lock
	@for lock in $(LOCKED); do \
	    (cd "$$(dirname "$$lock")" && UV_CUSTOM_COMPILE_COMMAND="make lock" "$(CURDIR)/.local/lock/bin/uv" pip compile --quiet \
	        --upgrade --python-version 3.13 --generate-hashes --no-emit-index-url \
	        "$$(basename "$$lock").in" --output-file "$$(basename "$$lock").txt") || exit; done

clean: ## end the local stack and remove all that was made
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m infra.local.stack down; fi
	@rm -rf .local .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

ready-to-deploy:
	@python=$$(infra/local/python) && "$$python" infra/local/environment.py development deploy emulator

ready-to-test:
	@python=$$(infra/local/python java npm) && "$$python" infra/local/environment.py development deploy emulator
	@$(PYTHON) -m infra.local.dynamodb_local fetch
	@$(PYTHON) -m infra.generated.typescript fetch

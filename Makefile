# Two commands are enough: `make demo` shows it, `make test` proves it. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help install up down env status demo sandbox play day chaos test test-celery test-docker lint
.PHONY: lock bench sbom audit

BIN := .venv/bin
# Whatever the shell says: without compiled files every start of Airflow compiles it anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## make .venv (every command below does it when needed)
	@scripts/install

up: install ## start Airflow, wait until it is healthy, print address and login
	@$(BIN)/python -m include.stack up

down: ## stop everything, also what a crash left behind
	@if [ -d "$${FULFILMENT_STATE:-.state}" ]; then \
		scripts/install && $(BIN)/python -m include.stack down; \
	else echo "The stack is down."; fi

env: ## write .env for docker-compose.yaml, with fresh secrets; never over one that is there
	@scripts/new-env

status: install ## show what runs
	@$(BIN)/python -m include.stack status

sandbox: install ## start Airflow and both remote systems as a sandbox
	@$(BIN)/python -m include.stack up --with-sandbox

demo: install ## watch orders travel through both systems of the sandbox and back
	@$(BIN)/python -m include.stack up --with-sandbox
	@$(BIN)/python -m include.demo

play: install ## list the sandbox's scenarios, or play one in it (SCENARIO=cancel-too-late)
	@$(BIN)/python -m include.demo.play $(SCENARIO)

day: install ## play random days of 500 orders (SEEDS=1,2,3) and compare both systems
	@RANDOM_DAY_ORDERS=500 RANDOM_DAY_SEEDS=$(or $(SEEDS),1,2,3) \
		$(BIN)/pytest -q tests/flow/test_random_day.py

chaos: install ## play days full of faults (SEEDS=1,2,3 ORDERS=24 ROUNDS=6 WITHOUT=fence)
	@CHAOS_SEEDS=$(or $(SEEDS),1,2,3) CHAOS_ORDERS=$(or $(ORDERS),24) \
		CHAOS_ROUNDS=$(or $(ROUNDS),6) CHAOS_WITHOUT=$(WITHOUT) \
		$(BIN)/pytest -q tests/flow/test_chaos.py

lint: install ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy include plugins dags
	@$(BIN)/lint-imports

test: lint ## lint, then every test
	@$(BIN)/pytest -n 2 --dist loadfile --durations=20 --ignore=tests/celery --ignore=tests/docker

test-celery: install ## two Celery workers and a real Redis, one killed; and the containers' commands
	@$(BIN)/pytest tests/celery

test-docker: install ## the image built, the compose file brought up; needs Docker with Compose v2
	@$(BIN)/pytest tests/docker

bench: install ## measure speed and memory (NAMES="rules ...": only these; --quick: smaller)
	@$(BIN)/python -m include.bench $(NAMES)

lock: install ## bring requirements.lock to the requirements (UPGRADE=--upgrade: newest versions)
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url \
		$(UPGRADE) -o requirements.lock requirements-dev.txt

sbom: install ## write sbom.json: every package of .venv with version and licence (CycloneDX)
	@$(BIN)/uv tool run -q --from cyclonedx-bom==7.5.0 cyclonedx-py environment -o sbom.json .venv

audit: install ## look for known vulnerabilities of the locked packages (asks pypi.org)
	@$(BIN)/uv tool run -q pip-audit==2.10.1 --no-deps --disable-pip -r requirements.lock

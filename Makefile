# Every target sets up what it needs by itself, in .venv; a second run starts at once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE # with it every process compiles all that it imports, two seconds of it
READY := .venv/.ready-$(shell cat requirements.lock pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
ROOMS := bandits candidates features numeric pipelines \
	$(wildcard tests/bandits tests/candidates tests/features tests/numeric tests/pipelines tests/contracts tests/golden)

# The first interpreter that really runs and is 3.11 or newer (a version manager's shim may not run).
FIND_PYTHON = for python in python3.11 python3.12 python3.13 python3 python; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$python"; exit; fi; \
	done; \
	echo "segue needs Python 3.11 or newer, found $$(python3 --version 2>/dev/null || echo none); install it and run make again" >&2; exit 1

.PHONY: help demo kafka flink live compose-test chaos soak upgrade-test simulate fuzz test slow lint coverage check format bench bench-live bench-bandits bench-quality audit sbom lock setup clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

demo: $(READY) ## watch a small town being learned in your browser, and play along
	@$(BIN)/segue demo

test: $(READY) ## run the tests, Kafka and browser included where they can be: five to six minutes
	@$(BIN)/python -m pytest -q -m "not slow and not timed" -n auto --maxprocesses 8 --dist worksteal

slow: $(READY) ## run the tests that take tens of seconds each: real logs, kills, intervals
	@$(BIN)/python -m pytest -q -m "slow and not timed" -n auto --maxprocesses 4 --dist worksteal

lint: $(READY) ## form, types, arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

coverage: $(READY) ## branch coverage of the core: kernels once as plain Python, then all of it as it runs
	$(BIN)/coverage erase
	NUMBA_DISABLE_JIT=1 HYPOTHESIS_PROFILE=few $(BIN)/coverage run -m pytest -q -n auto --maxprocesses 8 --dist worksteal \
	  -m "not slow and not compiled and not timed" $(ROOMS)
	$(BIN)/coverage run -m pytest -q -n auto --maxprocesses 8 --dist worksteal -m "not slow and not timed" \
	  $(ROOMS) state topics tests/state tests/topics tests/replay tests/cli
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

check: lint test slow coverage ## everything that must be clean: form, types, arrows, all tests, coverage of the core, speed
	$(BIN)/python -m pytest -q -m timed || [ $$? -eq 5 ] # 5: none there

format: $(READY) ## put spacing and imports in order
	@$(BIN)/ruff check --select I --fix .
	@$(BIN)/ruff format .

kafka: $(READY) ## one Kafka broker on port 9092 until Ctrl-C: Docker, else Maven and Java 17
	@$(BIN)/python -m tests.kafka.broker

flink: $(READY) ## Beam's job server with a Flink inside on port 8099 until Ctrl-C: Maven and Java 17
	@$(BIN)/python -m tests.beam.flink

live: $(READY) ## the demo's world live on Kafka: broker, worker, scores as they come, until Ctrl-C
	@$(BIN)/python -m tests.kafka.live

compose-test: $(READY) ## build docker-compose.yml and start it, see scores through a kill, take it away; wants Docker
	@$(BIN)/python -m tests.compose

chaos: $(READY) ## 100,000 plays through three workers that are killed, paused and torn, then the check; half an hour
	@$(BIN)/python -m tests.kafka.chaos

soak: $(READY) ## 2 million plays through one worker, then ten minutes of three times what it takes; an hour
	@$(BIN)/python -m tests.kafka.soak

OLD ?= HEAD~20
upgrade-test: $(READY) ## replace workers of the commit OLD by today's, in traffic; nothing may be lost
	@$(BIN)/python -m tests.kafka.upgrade $(OLD)

simulate: $(READY) ## 10,000 runs of workers and Kafka in virtual time under faults, then planted bugs; 20 minutes
	@$(BIN)/python -m tests.faults.simulator

fuzz: $(READY) ## a million cases over everything that parses: no crash, no hang, no memory beyond bounds; five minutes
	@$(BIN)/python -m tests.fuzz

bench: $(READY) ## print the figures the README quotes, peers beside us
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes --no-deps -r requirements-bench.lock
	@$(BIN)/python -m tests.bench

bench-bandits: $(READY) ## play bandit libraries of others beside ours, about 20 minutes; writes docs/peers.md
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes --no-deps -r requirements-peers.lock
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.peers

bench-quality: $(READY) ## next-track quality on real logs: table, ablation, lag; 40 minutes; writes docs/quality-figures.md
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes --no-deps -r requirements-bench.lock
	@$(BIN)/python -m tests.bench.quality

bench-live: $(READY) ## what the worker on Kafka adds to the steps
	@$(BIN)/python -m tests.bench.live

audit: $(READY) ## ask PyPI's advisories about every dependency; wants network
	@$(BIN)/uv tool run --from pip-audit==2.9.0 pip-audit -r requirements.lock --no-deps --disable-pip --progress-spinner off

sbom: $(READY) ## write build/sbom.json: what segue stands on, as CycloneDX; wants network
	@mkdir -p build
	@$(BIN)/uv tool run --from cyclonedx-bom==7.1.0 cyclonedx-py requirements requirements.lock -o build/sbom.json

lock: $(READY) ## resolve the dependencies again
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --extra beam --extra faust --extra page --group dev --universal --generate-hashes --no-emit-index-url --upgrade -q -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --group bench --universal --generate-hashes --no-emit-index-url --upgrade -q -c requirements.lock -o requirements-bench.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --group peers --universal --generate-hashes --no-emit-index-url --upgrade -q -c requirements.lock -o requirements-peers.lock

setup: $(READY) ## only make .venv ready

clean: ## remove what the tools have written, .venv included
	rm -rf .venv build dist *.egg-info .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is named after the lock and pyproject.toml, so that a changed file, a newer commit or an
# older one all lead to the environment that belongs to them. uv comes from the lock too, by its hash.
$(READY):
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  python=$$($(FIND_PYTHON)); \
	  echo "making .venv with $$($$python --version), about 30 s the first time"; \
	  $$python -m venv --clear .venv; \
	fi
	@sed -n '/^uv==/,/# via/p' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@$(BIN)/uv pip sync -q -p $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install -q -p $(BIN)/python --no-deps --no-build-isolation -e .
	@rm -f .venv/.ready-*
	@touch $@

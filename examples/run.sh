#!/usr/bin/env bash
# Runs all examples in APP, a copy of this folder with the package installed. Makes a temporary copy if there is none.
#
#   examples/run.sh [APP]
set -euo pipefail
cd "$(dirname "$0")/.."
app=${1:-}
if [ ! -d "$app" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  app=$folder/examples
  package=$(npm pack --ignore-scripts --silent --pack-destination "$folder")
  cp -r examples "$app"
  (cd "$app" && npm install --no-audit --no-fund "../$package")
fi
cd "$app"
npm start
npm run folds
npm run own-network
for python in python3 /usr/bin/python3; do
  if "$python" -c 'import numpy, matplotlib' 2>/dev/null; then
    "$python" plot.py
    exit
  fi
done
echo 'skipped plot.py: no Python with NumPy and Matplotlib was found' >&2

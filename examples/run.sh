#!/usr/bin/env bash
# Runs all examples in a copy of their folder, where the package is installed as a stranger would: APP, or one that is made.
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
STRIDE=25 npm run own-network
for python in python3 /usr/bin/python3; do
  if "$python" -c 'import numpy, matplotlib' 2>/dev/null; then
    "$python" plot.py
    exit
  fi
done
echo 'plot.py is not run: no Python with NumPy and Matplotlib here' >&2

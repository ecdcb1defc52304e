#!/usr/bin/env bash
# Packs the package, installs it into a copy of the examples as a stranger would, and runs them all.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
package=$(npm pack --ignore-scripts --silent --pack-destination "$folder")
cp -r examples "$folder/examples"
cd "$folder/examples"
npm install --no-audit --no-fund "../$package"
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

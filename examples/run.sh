#!/usr/bin/env bash
# Packs the package, installs it into a copy of the example as a stranger would, and runs that.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
package=$(npm pack --ignore-scripts --silent --pack-destination "$folder")
cp -r examples/library "$folder/library"
cd "$folder/library"
npm install --no-audit --no-fund "../$package"
npm start

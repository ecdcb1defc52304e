#!/usr/bin/env bash
# Packs the package, installs it into a copy of the example as a stranger would, and runs that.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
package=$(npm pack --ignore-scripts --silent --pack-destination "$folder")
cp -r examples/library "$folder/library"
cd "$folder/library"
ONNXRUNTIME_NODE_INSTALL=skip npm install --no-audit --no-fund "../$package"
# Newer versions of npm run no install script that nobody has approved.
[ -f node_modules/shiftscope/native/build/Release/shiftscope.node ] || npm --prefix node_modules/shiftscope run build:native
npm start

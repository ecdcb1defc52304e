#!/usr/bin/env bash
# What does a network of your own make of objects of your own?
#
#   bash own_network.sh [MODEL.onnx [FOLDER OF PICTURES]]
#
# Without words, files of the package stand for yours. Pictures have transparency, or a NAME.mask.png beside them.
set -euo pipefail
package=node_modules/shiftscope/models
model=${1:-$package/tiny-alexnet-noflip.onnx}
pictures=${2:-$package/patches}

# Its input, and the tensors that can be read: choose others than the suggested ones by --layers.
npx shiftscope models inspect "$model"

# The objects, cut out and resized as the paper's were.
npx shiftscope patches images "$pictures" --sizes 75 --out objects

# What it will take before it is begun; then the study, which goes on where it was stopped.
study=(--models "$model" --patches objects --sizes 75 --stride "${STRIDE:-10}" --out study)
npx shiftscope reproduce "${study[@]}" --dry-run
npx shiftscope reproduce "${study[@]}"
npx shiftscope report study --tables > tables.txt
tail -n 1 tables.txt

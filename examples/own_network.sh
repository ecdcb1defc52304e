#!/usr/bin/env bash
# Measures your own network on your own objects.
#
#   bash own_network.sh [MODEL.onnx [FOLDER OF PICTURES]]
#
# Without arguments, it uses files of the package. Pictures need transparency, or a NAME.mask.png in the same folder.
set -euo pipefail
package=node_modules/shiftscope/models
model=${1:-$package/tiny-alexnet-noflip.onnx}
pictures=${2:-$package/patches}

# Show the network's input, and the tensors that you can choose with --layers.
npx shiftscope models inspect "$model"

# Cut out the objects and resize them as in the paper.
npx shiftscope patches images "$pictures" --sizes 75 --out objects

# Print the size of the study, then run it. If you stop it, the same command continues.
study=(--models "$model" --patches objects --sizes 75 --stride 8 --out study)
npx shiftscope reproduce "${study[@]}" --dry-run
npx shiftscope reproduce "${study[@]}"
npx shiftscope report study --tables > tables.txt
tail -n 1 tables.txt

#!/usr/bin/env bash
# Measures a network on photographs, and compares it with stored results. Made for pull requests.
#
#   bash compare.sh NETWORK PHOTOGRAPHS [BASELINE]
#
# Writes the results into shift-results and comparison.md. Ends with status 5 if the network became worse by more than the limits
# below. If there is no BASELINE folder, the script makes it from the new results; commit this folder.
set -euo pipefail
network=$1
photographs=$2
baseline=${3:-shift-baseline}
results=shift-results

rm -rf "$results"

# With 60 photographs, a small network takes about two minutes on two cores.
npx shiftscope consistency "$photographs" --model "$network" --protocols crop,diagonal --out "$results"

if [ ! -e "$baseline/consistency.json" ]; then
  # Only these files are compared. They take a few kilobytes.
  for table in "$results"/networks/*/photographs.csv; do
    folder=$baseline/${table#"$results/"}
    mkdir -p "${folder%/*}"
    cp "$table" "$folder"
  done
  cp "$results/consistency.json" "$baseline"
  echo "made $baseline; commit this folder"
  exit
fi

npx shiftscope compare "$baseline" "$results" --markdown comparison.md \
  --max-worse 'crop agreement=0.02' --max-worse 'diagonal change=0.02'

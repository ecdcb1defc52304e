#!/usr/bin/env bash
# Measures a network on photographs, and compares it with stored results. Made for pull requests.
#
#   bash compare.sh NETWORK PHOTOGRAPHS [BASELINE]
#
# Writes the results into shift-results and comparison.md. Ends with status 5 if the network became worse by more than the limits
# below. If there is no BASELINE folder, the script makes it from the new results and ends with status 3, because it compared
# nothing; commit this folder.
set -euo pipefail
network=$1
photographs=$2
baseline=${3:-shift-baseline}
results=shift-results

rm -rf "$results" comparison.md

# With 60 photographs, a small network takes about two minutes on two cores. To limit accuracy too, add --labels FILE here and
# --max-worse 'center accuracy=0.17' below.
npx shiftscope consistency "$photographs" --model "$network" --protocols crop,diagonal --out "$results"

if [ ! -e "$baseline/answers" ]; then
  # Only the answers are compared. They take about 160 kB, in 200 files, for 60 photographs.
  mkdir -p "$baseline"
  cp -R "$results/answers" "$baseline"
  echo "made $baseline; commit this folder" >&2
  exit 3
fi

# The limits hold for the photographs in both folders, so a failed download of photographs must not pass.
if ! diff <(cut -d, -f1,2 "$baseline"/answers/*/photographs.csv) <(cut -d, -f1,2 "$results"/answers/*/photographs.csv); then
  echo "$baseline was made of other photographs; restore them, or make it again" >&2
  exit 3
fi

# Sixty photographs resolve no smaller differences; see docs/compare.md.
npx shiftscope compare "$baseline" "$results" --markdown comparison.md \
  --max-worse 'crop agreement=0.12' --max-worse 'diagonal change=0.07'

#!/usr/bin/env bash
# Measures a network on photographs, and compares it with stored results. Made for pull requests.
#
#   [LABELS=FILE] bash compare.sh NETWORK PHOTOGRAPHS [BASELINE]
#
# Writes the results into shift-results and comparison.md. Ends with status 5 if the data show that the network became worse by
# more than the limits below, or that it is constant. With LABELS, a CSV file of right classes, the accuracy is limited, too. In a
# workflow of GitHub, failed and undecided limits become annotations. If there is no BASELINE folder, the script makes it from
# the new results and ends with status 3, because it compared nothing; commit this folder.
set -euo pipefail
network=$1
photographs=$2
baseline=${3:-shift-baseline}
labels=${LABELS:-}
results=shift-results

# Ends with status 3, because there is nothing to compare.
stop() {
  [ -z "${GITHUB_ACTIONS:-}" ] || echo "::error::compare.sh: $1"
  echo "$1" >&2
  exit 3
}

# Photographs, one per line with the SHA-256 of the file.
measured() {
  cut -d, -f1,2 "$1"/answers/*/photographs.csv | sort
}

rm -rf "$results" comparison.md

# With 60 photographs, a small network takes about two minutes on two cores.
npx shiftscope consistency "$photographs" --model "$network" --protocols crop,diagonal --out "$results" \
  ${labels:+--labels "$labels"}

if [ ! -e "$baseline/answers" ]; then
  # Only the answers are compared. They take about 160 kB, in 200 files, for 60 photographs.
  mkdir -p "$baseline"
  cp -R "$results/answers" "$baseline"
  stop "made $baseline, so there was nothing to compare; commit this folder"
fi

# The limits hold for the photographs in both folders, so one that was skipped, lost or changed must not pass.
lost=$(comm -23 <(measured "$baseline") <(measured "$results") | cut -d, -f1 | paste -sd ' ')
new=$(comm -13 <(measured "$baseline") <(measured "$results") | cut -d, -f1 | paste -sd ' ')
if [ -n "$lost$new" ]; then
  stop "not in both results with the same content: ${lost:+only before: $lost }${new:+only now: $new }(skipped ones are named above)"
fi

# A limit fails only if the photographs show a loss of more than 2 points, so equal networks rarely fail. With 60 photographs,
# a loss of nine points mostly fails; see docs/compare.md.
npx shiftscope compare "$baseline" "$results" --markdown comparison.md \
  --max-worse 'crop relative-agreement=0.02' --max-worse 'diagonal relative-agreement=0.02' \
  --equivalent 'crop confidence=0.1' ${labels:+--max-worse 'center accuracy=0.02'}

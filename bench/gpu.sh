#!/usr/bin/env bash
# Builds, tests and times the CUDA kernels on a machine with an NVIDIA GPU, and prints one table.
#
#   bench/gpu.sh [--device INDEX] [--features FILE.npy]
#
# Needs CMake, a C++20 compiler and nvcc (12 or newer), and nothing else: no Node.js, no network, no part of this folder but
# CMakeLists.txt, native/ and this script. Where the rest is there too, installed and built, extraction is timed as well, in
# images a second through CUDA and WebGPU beside a bare loop on the same card. INDEX: of the card, in the order of the PCI
# bus, as nvidia-smi has it. FILE: float32 features of a grid, [rows, cols, dims], as `shiftscope extract` writes them;
# otherwise 150x150 positions of 4096 dims are made up. SHIFTSCOPE_GPU_BUILD names the build folder, build/gpu by default.
#
# Exit status: 0 all tests passed and everything was timed; 1 something did not build or failed; 2 wrong usage; 3 a bad file;
# 4 no usable nvcc or no usable device.
set -euo pipefail
cd "$(dirname "$0")/.."
export CUDA_DEVICE_ORDER=${CUDA_DEVICE_ORDER:-PCI_BUS_ID}
build=${SHIFTSCOPE_GPU_BUILD:-build/gpu}
log=$build/gpu.log
mkdir -p "$build"

for tool in cmake nvcc; do
  if ! command -v "$tool" >/dev/null; then
    echo "gpu.sh: $tool is not found: install it, or add its folder (often /usr/local/cuda/bin) to PATH" >&2
    exit 4
  fi
done

echo "== build ($(nvcc --version | sed -n 's/.*release \([^,]*\),.*/nvcc \1/p'))"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DSHIFTSCOPE_CUDA=ON >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; echo "gpu.sh: CMake failed, see $log" >&2; exit 1; }
if grep 'CUDA kernels are left out' "$log" >&2; then
  echo "gpu.sh: CMake's own log in $build/CMakeFiles says more" >&2
  exit 4
fi
cmake --build "$build" --parallel "$(nproc)" --target shiftscope_test shiftscope_cuda_bench >>"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; echo "gpu.sh: the build failed, see $log" >&2; exit 1; }

echo "== registers and spills"
cmake --build "$build" --target cuda_kernels 2>&1 | sed -n '/registers on/,/compiled/p'

echo "== tests"
"$build/native/test/shiftscope_test" | grep -v '^ok'

bench="$build/shiftscope_cuda_bench"
status=0
"$bench" --check "$@" || status=$?
if [ "$status" -ne 0 ]; then
  [ "$status" -ne 4 ] || echo "gpu.sh: built and tested as far as that goes without a device; nothing is timed" >&2
  exit "$status"
fi

if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck; do
    echo "== tests under compute-sanitizer, $tool"
    SHIFTSCOPE_ISA=baseline compute-sanitizer --tool "$tool" --error-exitcode 1 "$build/native/test/shiftscope_test" |
      grep -v '^ok'
  done
else
  echo "== compute-sanitizer is not found: the tests were not run under it"
fi

echo "== times"
"$bench" "$@"

if command -v node >/dev/null && [ -d node_modules ] && [ -f dist/cli/main.js ]; then
  for device in cuda webgpu; do
    echo "== extraction, --device $device"
    node dist/cli/main.js bench extract --device "$device" || echo "extraction through $device was not timed"
  done
  for what in cosine svm; do
    echo "== bench $what, --device cuda"
    node dist/cli/main.js bench "$what" --device cuda || echo "bench $what through the addon was not timed"
  done
else
  echo "== Node.js, node_modules or dist is not here: extraction was not timed"
fi

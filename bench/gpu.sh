#!/usr/bin/env bash
# Builds and tests the CUDA kernels on a machine with an NVIDIA GPU, then times them.
#
#   bench/gpu.sh
#
# Building and testing needs CMake, a C++20 compiler and nvcc (12 or newer). Of this repository, it needs only
# CMakeLists.txt, native/ and this script. It needs neither Node.js nor the internet. Timing needs Node.js and
# `SHIFTSCOPE_CUDA=1 npm install`; it runs bench/cosine.mjs, bench/svm.mjs and `bench extract`. CUDA_VISIBLE_DEVICES
# chooses the GPU. SHIFTSCOPE_GPU_BUILD sets the build folder [default: build/gpu].
#
# Exit status: 0 all tests passed, even if timing failed; 1 the build or a test failed; 4 no usable nvcc or GPU.
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
  echo "gpu.sh: CMake cannot build the CUDA kernels; see its log in $build/CMakeFiles" >&2
  exit 4
fi
cmake --build "$build" --parallel "$(nproc)" --target shiftscope_test >>"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; echo "gpu.sh: the build failed, see $log" >&2; exit 1; }

echo "== registers and spills"
cmake --build "$build" --target cuda_kernels 2>&1 | sed -nE '/Compiling|registers|spill/p'

echo "== tests"
"$build/native/test/shiftscope_test" | tee "$build/tests.log" | grep -v '^ok'
if grep -q '^skipped: no CUDA device' "$build/tests.log"; then
  echo "gpu.sh: no usable GPU: the kernels were built but not tested" >&2
  exit 4
fi

if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck; do
    echo "== tests under compute-sanitizer, $tool"
    SHIFTSCOPE_ISA=baseline compute-sanitizer --tool "$tool" --error-exitcode 1 "$build/native/test/shiftscope_test" |
      grep -v '^ok'
  done
else
  echo "== compute-sanitizer was not found, so the tests did not run under it"
fi

if ! command -v node >/dev/null || [ ! -d node_modules ] || [ ! -f dist/cli/main.js ]; then
  echo "== nothing was timed: Node.js, node_modules or dist is missing"
  exit
fi
for script in cosine svm; do
  echo "== bench/$script.mjs --device cuda"
  node "bench/$script.mjs" --device cuda || echo "bench/$script.mjs failed to time the GPU"
done
for device in cuda webgpu; do
  echo "== extraction, --device $device"
  node dist/cli/main.js bench extract --device "$device" || echo "extraction on $device could not be timed"
done

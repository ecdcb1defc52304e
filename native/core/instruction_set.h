#pragma once

#include <optional>
#include <string>
#include <vector>

namespace shiftscope {

/// The instruction sets that every kernel is compiled for, in rising order of preference. Every processor of the
/// architecture runs `baseline`: SSE2 on x86-64, portable C++ elsewhere.
enum class InstructionSet { baseline, avx2, avx512, neon };

/// The name that SHIFTSCOPE_ISA and reports use: "baseline", "avx2" (with FMA), "avx512" (F, BW, DQ, VL) or "neon".
const char* name_of(InstructionSet level);

/// The levels that were compiled in and that this processor and operating system can run, lowest first; never empty.
const std::vector<InstructionSet>& available_instruction_sets();

/// The value of the environment variable SHIFTSCOPE_ISA; nothing if it is unset or empty.
std::optional<std::string> forced_instruction_set();

/// The level that kernels use unless a caller names one: the one that SHIFTSCOPE_ISA forces, otherwise the highest
/// available. Determined once per process.
/// Throws std::runtime_error, which names the available levels, if SHIFTSCOPE_ISA is none of them.
InstructionSet instruction_set();

/// The level with this name among `available_instruction_sets()`; throws std::runtime_error as above.
InstructionSet instruction_set_named(const std::string& name);

}  // namespace shiftscope

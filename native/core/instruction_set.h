#pragma once

#include <optional>
#include <string>
#include <vector>

namespace shiftscope {

/// Instruction sets ("levels") for which kernels are compiled, slowest first. `baseline` runs on every processor of the
/// architecture: SSE2 on x86-64, portable C++ elsewhere.
enum class InstructionSet { baseline, avx2, avx512, neon };

/// Name of a level, as in SHIFTSCOPE_ISA and in reports: "baseline", "avx2" (with FMA), "avx512" (F, BW, DQ, VL) or
/// "neon".
const char* name_of(InstructionSet level);

/// All levels that this build, the processor and the operating system support, slowest first; never empty.
const std::vector<InstructionSet>& available_instruction_sets();

/// Value of the environment variable SHIFTSCOPE_ISA; nothing if it is unset or empty.
std::optional<std::string> forced_instruction_set();

/// The level that kernels use by default: the one that SHIFTSCOPE_ISA names, otherwise the fastest available. It is
/// determined once per process.
/// Throws std::runtime_error if SHIFTSCOPE_ISA names no available level.
InstructionSet instruction_set();

/// The available level with this name. Throws std::runtime_error if there is none.
InstructionSet instruction_set_named(const std::string& name);

}  // namespace shiftscope

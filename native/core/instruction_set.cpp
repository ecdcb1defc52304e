#include "instruction_set.h"

#include <cstdlib>
#include <stdexcept>

#if defined(SHIFTSCOPE_X86) && defined(_MSC_VER) && !defined(__clang__)
#include <immintrin.h>
#include <intrin.h>
#endif

namespace shiftscope {
namespace {

#if defined(SHIFTSCOPE_X86)
#if defined(_MSC_VER) && !defined(__clang__)

bool bit(int word, int index) { return (word >> index & 1) != 0; }

/// Whether the operating system saves certain registers when it switches threads.
/// @param states the bits of these registers in XCR0
bool saves(unsigned long long states) {
  int words[4];
  __cpuidex(words, 1, 0);
  return bit(words[2], 27) && (_xgetbv(0) & states) == states;
}

bool has_avx2() {
  int first[4], seventh[4];
  __cpuidex(first, 1, 0);
  __cpuidex(seventh, 7, 0);
  return saves(0x6) && bit(first[2], 12) && bit(seventh[1], 5);
}

bool has_avx512() {
  int seventh[4];
  __cpuidex(seventh, 7, 0);
  return saves(0xe6) && bit(seventh[1], 16) && bit(seventh[1], 17) && bit(seventh[1], 30) && bit(seventh[1], 31);
}

#else

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

#endif
#endif

std::vector<InstructionSet> detect() {
  std::vector<InstructionSet> found{InstructionSet::baseline};
#if defined(SHIFTSCOPE_X86)
  if (has_avx2()) {
    found.push_back(InstructionSet::avx2);
    if (has_avx512()) found.push_back(InstructionSet::avx512);
  }
#elif defined(SHIFTSCOPE_ARM64)
  found.push_back(InstructionSet::neon);  // Every 64-bit ARM processor supports NEON.
#endif
  return found;
}

}  // namespace

const char* name_of(InstructionSet level) {
  switch (level) {
    case InstructionSet::baseline: return "baseline";
    case InstructionSet::avx2: return "avx2";
    case InstructionSet::avx512: return "avx512";
    case InstructionSet::neon: return "neon";
  }
  return "unknown";
}

const std::vector<InstructionSet>& available_instruction_sets() {
  static const std::vector<InstructionSet> levels = detect();
  return levels;
}

InstructionSet instruction_set_named(const std::string& name) {
  std::string names;
  for (InstructionSet level : available_instruction_sets()) {
    if (name == name_of(level)) return level;
    names += (names.empty() ? "" : ", ") + std::string(name_of(level));
  }
  throw std::runtime_error("SHIFTSCOPE_ISA=" + name + " cannot be used on this machine, which offers " + names +
                           "; unset it or choose one of these");
}

std::optional<std::string> forced_instruction_set() {
  const char* value = std::getenv("SHIFTSCOPE_ISA");
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

InstructionSet instruction_set() {
  static const InstructionSet chosen = [] {
    const std::optional<std::string> forced = forced_instruction_set();
    return forced ? instruction_set_named(*forced) : available_instruction_sets().back();
  }();
  return chosen;
}

}  // namespace shiftscope

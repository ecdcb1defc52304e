#include "instruction_set.h"

#include <cstdlib>
#include <stdexcept>

#include "check.h"

using namespace shiftscope;

TEST(baseline_is_always_available) {
  CHECK(!available_instruction_sets().empty());
  CHECK(available_instruction_sets().front() == InstructionSet::baseline);
}

TEST(the_environment_forces_a_level) {
  const std::optional<std::string> forced = forced_instruction_set();
  CHECK(instruction_set() == (forced ? instruction_set_named(*forced) : available_instruction_sets().back()));
}

#if !defined(_WIN32)
TEST(an_empty_environment_forces_nothing) {
  const std::optional<std::string> before = forced_instruction_set();
  setenv("SHIFTSCOPE_ISA", "", 1);
  CHECK(!forced_instruction_set());
  unsetenv("SHIFTSCOPE_ISA");
  CHECK(!forced_instruction_set());
  setenv("SHIFTSCOPE_ISA", "avx2", 1);
  CHECK(forced_instruction_set() == "avx2");
  setenv("SHIFTSCOPE_ISA", before.value_or("").c_str(), 1);
}
#endif

TEST(an_unknown_level_is_named_together_with_the_available_ones) {
  CHECK(test::throws<std::runtime_error>([] { instruction_set_named("sse9"); }, "SHIFTSCOPE_ISA=sse9"));
  CHECK(test::throws<std::runtime_error>([] { instruction_set_named("sse9"); }, "baseline"));
}

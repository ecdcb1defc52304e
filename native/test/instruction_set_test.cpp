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
  const char* forced = std::getenv("SHIFTSCOPE_ISA");
  const InstructionSet expected =
      forced && *forced ? instruction_set_named(forced) : available_instruction_sets().back();
  CHECK(instruction_set() == expected);
}

TEST(an_unknown_level_is_named_together_with_the_available_ones) {
  CHECK(test::throws<std::runtime_error>([] { instruction_set_named("sse9"); }, "SHIFTSCOPE_ISA=sse9"));
  CHECK(test::throws<std::runtime_error>([] { instruction_set_named("sse9"); }, "baseline"));
}

#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

/// A minimal test framework. Tests register themselves, and checks count failures.
namespace shiftscope::test {

struct Test {
  const char* name;
  std::function<void()> run;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline std::size_t& failures() {
  static std::size_t count = 0;
  return count;
}

inline std::size_t& checks() {
  static std::size_t count = 0;
  return count;
}

struct Registration {
  Registration(const char* name, std::function<void()> run) { tests().push_back({name, std::move(run)}); }
};

inline void check(bool holds, const std::string& what, const char* file, int line) {
  ++checks();
  if (holds) return;
  ++failures();
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

/// Whether work() throws an Error whose message contains `part`.
template <class Error, class Work>
bool throws(const Work& work, const std::string& part) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(error.what()).find(part) != std::string::npos;
  }
  return false;
}

/// Number of cases that a test runs. With sanitizers, tests are ten times slower, so it is a quarter of `count`.
constexpr std::size_t cases(std::size_t count) {
#if defined(SHIFTSCOPE_TEST_SANITIZED)
  return (count + 3) / 4;
#else
  return count;
#endif
}

using Random = std::mt19937;

inline std::size_t between(Random& random, std::size_t low, std::size_t high) {
  return std::uniform_int_distribution<std::size_t>(low, high)(random);
}

}  // namespace shiftscope::test

#define TEST(identifier)                                                                   \
  static void identifier();                                                                \
  static const ::shiftscope::test::Registration registration_##identifier(#identifier, identifier); \
  static void identifier()

#define CHECK(condition) ::shiftscope::test::check((condition), #condition, __FILE__, __LINE__)
#define CHECK_THAT(condition, what) ::shiftscope::test::check((condition), (what), __FILE__, __LINE__)

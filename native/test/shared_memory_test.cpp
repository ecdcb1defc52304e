#include "shared_memory.h"

#include <cstdio>
#include <stdexcept>
#include <system_error>

#include "check.h"

#if defined(__linux__)
#include <unistd.h>

namespace {

using shiftscope::create_shared_memory;
using shiftscope::grow_shared_memory;
using shiftscope::SharedMapping;
using shiftscope::test::throws;

constexpr std::size_t kPage = 4096;

TEST(shared_memory_is_the_same_in_every_mapping_and_stays_where_it_grows) {
  const int descriptor = create_shared_memory().value();
  grow_shared_memory(descriptor, kPage);
  const SharedMapping first(descriptor, kPage);
  auto* bytes = static_cast<unsigned char*>(first.data());
  bytes[kPage - 1] = 7;
  grow_shared_memory(descriptor, 3 * kPage);
  grow_shared_memory(descriptor, 2 * kPage);
  const SharedMapping second(descriptor, 3 * kPage);
  close(descriptor);
  auto* more = static_cast<unsigned char*>(second.data());
  CHECK(more[kPage - 1] == 7);
  CHECK(more[kPage] == 0);
  more[0] = 9;
  CHECK(bytes[0] == 9);
  CHECK(second.bytes() == 3 * kPage);
}

TEST(shared_memory_cannot_be_cut_off_below_a_mapping) {
  const int descriptor = create_shared_memory().value();
  grow_shared_memory(descriptor, kPage);
  CHECK(ftruncate(descriptor, 0) != 0);
  close(descriptor);
}

TEST(shared_memory_refuses_what_it_cannot_map) {
  const int descriptor = create_shared_memory().value();
  grow_shared_memory(descriptor, kPage);
  CHECK(throws<std::out_of_range>([&] { SharedMapping(descriptor, kPage + 1); }, "has 4096"));
  CHECK(throws<std::out_of_range>([&] { SharedMapping(descriptor, 0); }, "0 bytes"));
  CHECK(throws<std::system_error>([&] { grow_shared_memory(descriptor, std::size_t{1} << 63); }, "9223372036854775808"));
  close(descriptor);
  CHECK(throws<std::system_error>([&] { SharedMapping(descriptor, kPage); }, "Bad file descriptor"));
  CHECK(throws<std::system_error>([&] { grow_shared_memory(descriptor, kPage); }, "Bad file descriptor"));
  std::FILE* file = std::tmpfile();
  CHECK(throws<std::invalid_argument>([&] { SharedMapping(fileno(file), kPage); }, "is not shared memory"));
  CHECK(throws<std::invalid_argument>([&] { grow_shared_memory(fileno(file), kPage); }, "is not shared memory"));
  std::fclose(file);
}

}  // namespace

#endif

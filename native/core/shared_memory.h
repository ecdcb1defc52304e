#pragma once

#include <cstddef>
#include <optional>

/// Memory that a process shares with those that it starts: a descriptor without a name, which they inherit. It ends with
/// its last descriptor and mapping, whatever dies. Linux has it.
namespace shiftscope {

/// A descriptor of new memory, 0 bytes long; nothing where the system has no such memory or forbids it. Whoever calls
/// closes it; programs that are started do not inherit it unless they are given it.
/// Throws std::system_error where descriptors or memory have run out.
std::optional<int> create_shared_memory();

/// Makes the memory at least `bytes` long. It never gets shorter, so that whatever is mapped stays there. New bytes are
/// zero, and take memory from the first time that they are written.
/// Throws std::invalid_argument for a descriptor of anything else; std::system_error for a closed one, or a length that
/// the system refuses.
void grow_shared_memory(int descriptor, std::size_t bytes);

/// The first bytes of such memory, mapped for reading and writing.
class SharedMapping {
 public:
  /// Throws std::invalid_argument for a descriptor of anything else; std::out_of_range for 0 bytes, or more than the
  /// memory has; std::system_error for a closed descriptor, or where address space has run out.
  SharedMapping(int descriptor, std::size_t bytes);
  ~SharedMapping();
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;

  /// Before the end; nothing may use the memory any more.
  void unmap();

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace shiftscope

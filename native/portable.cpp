// Defines functions that the addon and libstdc++ would otherwise take from a glibc newer than 2.28, so that the addon
// also runs on older systems.
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <pthread.h>
#include <unistd.h>

extern "C" {

// New in glibc 2.32. False is always safe: it makes reference counts atomic.
char __libc_single_threaded = 0;

// New in glibc 2.30. Converts the deadline to the condition variable's own clock.
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  constexpr std::int64_t second = 1'000'000'000;
  timespec now, deadline;
  if (clock_gettime(clock, &now) != 0 || clock_gettime(CLOCK_REALTIME, &deadline) != 0) return errno;
  const std::int64_t nanoseconds = (until->tv_nsec - now.tv_nsec) + deadline.tv_nsec;
  deadline.tv_sec += (until->tv_sec - now.tv_sec) + nanoseconds / second;
  deadline.tv_nsec = nanoseconds % second;
  if (deadline.tv_nsec < 0) {
    deadline.tv_sec -= 1;
    deadline.tv_nsec += second;
  }
  return pthread_cond_timedwait(condition, mutex, &deadline);
}

// New in glibc 2.36. Only libstdc++'s random_device needs it.
std::uint32_t arc4random() {
  std::uint32_t value;
  while (getentropy(&value, sizeof value) != 0) {
  }
  return value;
}

// New in glibc 2.38, for C23. This one calls the old strtoul, which every glibc has.
unsigned long strtoul_of_old(const char* text, char** end, int base) __asm__("strtoul");
unsigned long __isoc23_strtoul(const char* text, char** end, int base) { return strtoul_of_old(text, end, base); }

}  // extern "C"

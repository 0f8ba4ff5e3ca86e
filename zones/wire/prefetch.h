// Asks the cache for lines of memory. Nobody need be able to read what stands there.
#pragma once

namespace axfrd::zones {

// The line with this octet.
inline void prefetch(const void* at) {
  __builtin_prefetch(at);
  // GCC 12 takes a function that does nothing but prefetch for one without effect, and drops calls of it.
  asm volatile("");
}

// The lines with these octets. Even a small object may go on in the next line, and then a processor that does not fetch
// it by itself waits for it as long as for the first. @pre octets > 0
inline void prefetch(const void* at, unsigned octets) {
  constexpr unsigned line = 64;
  const char* begin = static_cast<const char*>(at);
  for (unsigned i = 0; i < octets - 1; i += line) prefetch(begin + i);
  prefetch(begin + octets - 1);
}

// As the first, for a line that another CPU wrote last and that we are going to write: it is taken over at once.
inline void prefetch_to_write(const void* at) {
#ifdef __x86_64__
  // What the builtin becomes depends on the CPU that is compiled for; this one every x86-64 takes.
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));
#else
  __builtin_prefetch(at, 1);
  asm volatile("");
#endif
}

}  // namespace axfrd::zones

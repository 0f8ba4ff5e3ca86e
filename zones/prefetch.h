// Asks the cache for lines of memory. Nobody need be able to read what stands there.
#pragma once

namespace axfrd::zones {

// The line with this octet.
inline void prefetch(const void* at) {
  __builtin_prefetch(at);
  // GCC 12 takes a function that does nothing but prefetch for one without effect, and drops calls of it.
  asm volatile("");
}

// The same, for a line that another CPU wrote last and that we are going to write: it is taken over at once.
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

// Asks the cache for the line with this octet. Nobody need be able to read it.
#pragma once

namespace axfrd::zones {

inline void prefetch(const void* at) {
  __builtin_prefetch(at);
  // GCC 12 takes a function that does nothing but prefetch for one without effect, and drops calls of it.
  asm volatile("");
}

}  // namespace axfrd::zones

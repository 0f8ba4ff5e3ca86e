// A library to preload into delv, which has no option for it: the time of day begins at CLOCK, in seconds since 1970.
//
// Signatures that were recorded end one day; what they proved when they were made is what a test asks.
#include <dlfcn.h>
#include <sys/time.h>

#include <cstdlib>
#include <ctime>

namespace {

using ReadClock = int (*)(clockid_t, timespec*);

ReadClock real_clock() {
  static const auto read = reinterpret_cast<ReadClock>(dlsym(RTLD_NEXT, "clock_gettime"));
  return read;
}

// From the time it is to the time it shall be.
time_t shift() {
  static const time_t seconds = [] {
    const char* begin = std::getenv("CLOCK");
    timespec now{};
    real_clock()(CLOCK_REALTIME, &now);
    return begin != nullptr ? static_cast<time_t>(std::atoll(begin)) - now.tv_sec : 0;
  }();
  return seconds;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) {
  const int status = real_clock()(clock, now);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
  return status;
}

int gettimeofday(timeval* now, void* /*zone*/) {
  timespec precise{};
  const int status = clock_gettime(CLOCK_REALTIME, &precise);
  *now = {precise.tv_sec, precise.tv_nsec / 1000};
  return status;
}

time_t time(time_t* now) {
  timespec precise{};
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now != nullptr) *now = precise.tv_sec;
  return precise.tv_sec;
}

}  // extern "C"

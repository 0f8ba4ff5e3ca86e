// A token bucket: so much may be done at once, and so much a second from then on.
//
// Threads. One. No clock of its own: it is told of time, which never goes back.
#pragma once

#include <algorithm>
#include <chrono>

namespace axfrd::control {

class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Room for `most` tokens, of which `now` there are `first`. `a_second`: above 0.
  TokenBucket(double a_second, double most, double first, Time now)
      : a_second_(a_second), most_(most), tokens_(first), filled_at_(now) {}

  // Puts in what has gathered since the last call.
  void fill(Time now) {
    tokens_ = std::min(most_, tokens_ + std::chrono::duration<double>(now - filled_at_).count() * a_second_);
    filled_at_ = now;
  }
  void fill_up(Time now) {
    tokens_ = most_;
    filled_at_ = now;
  }
  bool is_full() const { return tokens_ == most_; }
  Time filled_at() const { return filled_at_; }

  // One token, if there is one.
  bool has_one() const { return tokens_ >= 1; }
  void take_one() { tokens_ -= 1; }

  // When there will be one, if none is taken until then; filled_at(), if there is one.
  Time next() const {
    if (has_one()) return filled_at_;
    return filled_at_ + std::chrono::milliseconds(static_cast<int64_t>(1000 * (1 - tokens_) / a_second_) + 1);
  }

 private:
  double a_second_, most_, tokens_;
  Time filled_at_;
};

// For work that begins at `a_second`: what waits may begin a tenth of a second's at once.
inline TokenBucket bucket_for_rate(unsigned a_second, TokenBucket::Time now) {
  return {static_cast<double>(a_second), std::max(1.0, a_second / 10.0), 1, now};
}

}  // namespace axfrd::control

// RecordWalk: goes over the records of a received message, one head after the other, without taking anything on trust.
#pragma once

#include "zones/wire/wire.h"

namespace axfrd::zones {

class RecordWalk {
 public:
  // Starts at offset `at`, which is behind the question.
  RecordWalk(const uint8_t* message, unsigned size, unsigned at) : message_(message), size_(size), at_(at) {}

  // Reads the next record's head; false if the message is malformed.
  bool next() {
    owner_at_ = at_;
    if (at_ < size_ && message_[at_] == 0) {
      ++at_;  // the root, which owns OPT
    } else if (!skip_name()) {
      return false;
    }
    if (at_ + kRrFixed > size_) return false;
    fixed_ = message_ + at_;
    at_ += kRrFixed + load16(fixed_ + 8);
    return at_ <= size_;
  }

  // ---- of the record that next() read ----
  unsigned owner_at() const { return owner_at_; }
  bool owner_is_root() const { return message_[owner_at_] == 0; }
  uint16_t type() const { return load16(fixed_); }
  uint16_t rr_class() const { return load16(fixed_ + 2); }
  uint32_t ttl() const { return load32(fixed_ + 4); }
  Bytes rdata() const { return {fixed_ + kRrFixed, load16(fixed_ + 8)}; }
  unsigned end() const { return at_; }

 private:
  bool skip_name() {
    const unsigned start = at_;
    while (at_ < size_ && at_ - start < kMaxName) {
      const unsigned length = message_[at_];
      if (is_pointer(message_[at_])) {
        at_ += 2;
        return at_ <= size_;
      }
      if (length > kMaxLabel) return false;
      at_ += length + 1;
      if (length == 0) return true;
    }
    return false;
  }

  const uint8_t* message_;
  const uint8_t* fixed_ = nullptr;
  unsigned size_, at_, owner_at_ = 0;
};

}  // namespace axfrd::zones

// A file descriptor that is closed with its owner.
#pragma once

#include <unistd.h>

namespace axfrd::control {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}  // may be -1
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace axfrd::control

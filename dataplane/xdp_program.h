// The XDP programs at an interface, and the one that its port lives by.
//
// Threads. One at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/file_descriptor.h"

namespace axfrd::dataplane {

// The numbers of the programs at an interface, one in each of the modes that there are.
std::vector<uint32_t> programs_at(unsigned index);
// A hold on the program of that number; none if there is no such program, or if we may not.
FileDescriptor program_of(uint32_t number);
std::string name_of(const FileDescriptor& program);
// Detaches that program, but no other that may have come in its place.
bool detach(unsigned index, const FileDescriptor& program);

// Holds the program that DPDK attached to an interface, and puts it back when somebody has taken it off. The AF_XDP
// sockets stay as they are meanwhile.
class XdpAttachment {
 public:
  enum class State : uint8_t {
    attached,
    put_back,  // it was gone, and is attached again
    replaced,  // by another program, which is left alone
    gone,      // and cannot be attached
  };

  // What is attached to the interface of that index now. Throws std::runtime_error if that cannot be told.
  explicit XdpAttachment(unsigned index);
  // Gives the place back to a program that had replaced ours: DPDK detaches whatever it finds when it closes a port.
  // @pre the port is closed
  ~XdpAttachment();
  XdpAttachment(const XdpAttachment&) = delete;
  XdpAttachment& operator=(const XdpAttachment&) = delete;

  State look();
  // The name and number of the program that look() found in its place.
  const std::string& other() const { return other_; }
  // Why look() could not attach it.
  const std::string& reason() const { return reason_; }

 private:
  const unsigned index_;
  uint32_t number_ = 0;
  FileDescriptor program_, replacement_;
  std::string other_, reason_;
};

}  // namespace axfrd::dataplane

// Finds XDP programs at an interface, and keeps the one attached that its port needs.
//
// Threads. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/file_descriptor.h"

namespace axfrd::dataplane {

// The numbers (BPF program ids) of the programs at an interface, one for each attach mode that is in use.
std::vector<uint32_t> programs_at(unsigned index);
// A descriptor of the program of that number. None if there is no such program, or if we lack the permission.
FileDescriptor program_of(uint32_t number);
std::string name_of(const FileDescriptor& program);
// Detaches `program`, but not another one that has replaced it. False if it was not attached.
bool detach(unsigned index, const FileDescriptor& program);

// Holds the program that DPDK attached to an interface, and attaches it again when another process has detached it. The
// AF_XDP sockets remain meanwhile.
class XdpAttachment {
 public:
  enum class State : uint8_t {
    attached,
    put_back,  // it had been detached, and is attached again
    replaced,  // by another program, which is not touched
    gone,      // detached, and cannot be attached again
  };

  // Holds the program that is now attached to the interface of that index. Throws std::runtime_error if it cannot be
  // found.
  explicit XdpAttachment(unsigned index);
  // Attaches a program again that had replaced ours, because DPDK detaches any program when it closes a port. @pre the
  // port is closed
  ~XdpAttachment();
  XdpAttachment(const XdpAttachment&) = delete;
  XdpAttachment& operator=(const XdpAttachment&) = delete;

  State look();
  // The name and number of the program that look() found in place of ours.
  const std::string& other() const { return other_; }
  // Why look() could not attach the program.
  const std::string& reason() const { return reason_; }

 private:
  const unsigned index_;
  uint32_t number_ = 0;
  FileDescriptor program_, replacement_;
  std::string other_, reason_;
};

}  // namespace axfrd::dataplane

// KernelInterface: a network interface of the kernel whose other end is this program.
//
// It represents a port in the kernel: the interface has the port's MAC address and MTU, and our IP addresses. The
// kernel does ARP, neighbour discovery, ICMP and TCP, except for plain requests for our MAC address (neighbour.h). The
// kernel sends whole frames of at most the MTU, with checksums filled in.
//
// Threads. Made and destroyed by control; read() and write() by the kernel path. The destructor
// removes the interface.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "dataplane/address.h"

struct rte_mbuf;

namespace axfrd::dataplane {

class Port;

// How frames are exchanged with the kernel.
enum class Carrier : uint8_t {
  tap,        // one system call for each frame (tap.h)
  vhost_net,  // rings shared with a thread of the kernel (vhost_net.h)
};

class KernelInterface {
 public:
  // Throws std::runtime_error with a sentence for the operator. The port outlives it.
  static std::unique_ptr<KernelInterface> make(Carrier carrier, const std::string& name, const Port& port,
                                               std::span<const Address> addresses);
  virtual ~KernelInterface() = default;
  KernelInterface(const KernelInterface&) = delete;
  KernelInterface& operator=(const KernelInterface&) = delete;

  const std::string& name() const { return name_; }
  // Readable when the kernel has a frame for the wire; negative: there is no such descriptor, and the caller must poll.
  virtual int descriptor() const = 0;

  // Fills the front of `frames` with frames for the wire, in buffers of the port's pool, and returns their number.
  // Never waits.
  virtual unsigned read(std::span<rte_mbuf*> frames) = 0;
  // Passes `frame` to the kernel and frees the buffer. Returns false if the kernel refuses it; then the caller still
  // owns the frame. Never waits.
  virtual bool write(rte_mbuf* frame) = 0;
  // The number of times that the pool had no buffer for a frame from the kernel. Any thread.
  virtual uint64_t no_buffer() const = 0;

 protected:
  explicit KernelInterface(std::string name);  // throws if it is no valid name of an interface
  // Configures the interface in the kernel.
  void set_up(const Port& port, std::span<const Address> addresses) const;
  // Throws std::runtime_error. Appends the text of the errno value `error`, unless that is 0.
  [[noreturn]] void fail(const std::string& what, int error) const;

 private:
  const std::string name_;
};

}  // namespace axfrd::dataplane

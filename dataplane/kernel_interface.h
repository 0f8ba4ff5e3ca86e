// KernelInterface: a network interface of the kernel whose other end is this program.
//
// It represents a port in the kernel: the interface has the port's MAC address and MTU, and our IP addresses. The
// kernel does ARP, neighbour discovery, ICMP and TCP, except for plain requests for our MAC address (neighbour.h). The
// kernel sends whole frames of at most the MTU, with checksums filled in.
//
// Threads. Made and destroyed by control; read() and write() by the kernel path. The interface goes when the object
// goes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "dataplane/address.h"

struct rte_mbuf;

namespace axfrd::dataplane {

class Port;

// How frames get there and back.
enum class Carrier : uint8_t {
  tap,        // a system call each (tap.h)
  vhost_net,  // rings that a thread of the kernel shares (vhost_net.h)
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

  // Frames for the wire, at most as many as there is room for, in buffers of the port's pool. Never waits.
  virtual unsigned read(std::span<rte_mbuf*> frames) = 0;
  // Passes `frame` to the kernel and frees the buffer. Returns false if the kernel refuses it; then the caller still
  // owns the frame. Never waits.
  virtual bool write(rte_mbuf* frame) = 0;
  // How often the pool had no buffer for a frame to be read. Any thread.
  virtual uint64_t no_buffer() const = 0;

 protected:
  explicit KernelInterface(std::string name);  // throws if no interface can be called so
  // Configures the interface in the kernel.
  void set_up(const Port& port, std::span<const Address> addresses) const;
  // With errno's meaning, unless that is 0.
  [[noreturn]] void fail(const std::string& what, int error) const;

 private:
  const std::string name_;
};

}  // namespace axfrd::dataplane

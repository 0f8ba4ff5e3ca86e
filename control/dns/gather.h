// Gather: octets for one sendmsg(2), from many places. Some are copied into the Gather, some are referred to.
//
// Threads. One thread at a time.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "zones/wire/wire.h"

namespace axfrd::control {

class Gather {
 public:
  // A quarter of what one sendmsg() takes (UIO_MAXIOV); see docs/packet-path.md.
  static constexpr size_t kMaxPieces = 256;

  Gather() = default;
  // Takes over what is left of another one, in no more memory than that needs.
  explicit Gather(const Gather& other);
  Gather& operator=(const Gather&) = delete;

  void clear();
  // Copies octets, and returns their position for copied().
  size_t copy(zones::Bytes octets);
  // Refers to octets, and prefetches them because they are sent soon. @pre they stay in place until then
  void refer(zones::Bytes octets);
  uint8_t* copied(size_t at) { return reinterpret_cast<uint8_t*>(own_.data()) + at; }

  size_t size() const { return size_; }  // octets not sent yet
  bool empty() const { return size_ == 0; }
  size_t pieces() const { return pieces_.size(); }
  size_t memory() const { return sizeof *this + own_.capacity() + pieces_.capacity() * sizeof(Piece); }

  // Fills the front of `pieces` with the first octets that are not sent yet. Returns the number of pieces.
  size_t copy_pieces(std::span<iovec> pieces) const;
  // Removes the first `octets` octets, which were sent.
  void forget(size_t octets);

 private:
  struct Piece {
    const uint8_t* shared;  // null: the octets are in own_
    size_t at, size;        // at: position in own_
  };
  const uint8_t* data(const Piece& piece) const {
    return piece.shared != nullptr ? piece.shared : reinterpret_cast<const uint8_t*>(own_.data()) + piece.at;
  }
  void add(Piece piece);

  std::string own_;
  std::vector<Piece> pieces_;
  size_t first_ = 0, size_ = 0;  // first_: index of the first piece that is not sent
};

}  // namespace axfrd::control

// Gather: octets for one sendmsg(2), from many places: some copied in here, some by reference.
//
// Threads. One, with no other at the same time.
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
  // What one sendmsg() takes (UIO_MAXIOV) is four times as much; see docs/packet-path.md.
  static constexpr size_t kMaxPieces = 256;

  Gather() = default;
  // What is left of another one, to be kept: no larger than it has to be.
  explicit Gather(const Gather& other);
  Gather& operator=(const Gather&) = delete;

  void clear();
  // Copies octets. Returns where: copied() finds them again.
  size_t copy(zones::Bytes octets);
  // Asks the cache for them, because they are soon to be sent. @pre they stay where they are until then
  void refer(zones::Bytes octets);
  uint8_t* copied(size_t at) { return reinterpret_cast<uint8_t*>(own_.data()) + at; }

  size_t size() const { return size_; }  // octets not sent yet
  bool empty() const { return size_ == 0; }
  size_t pieces() const { return pieces_.size(); }
  size_t memory() const { return sizeof *this + own_.capacity() + pieces_.capacity() * sizeof(Piece); }

  // Where the first octets that are not sent yet lie. Returns how many pieces there are, or fit into `pieces`.
  size_t copy_pieces(std::span<iovec> pieces) const;
  // The first so many octets were sent.
  void forget(size_t octets);

 private:
  struct Piece {
    const uint8_t* shared;  // null: in own_
    size_t at, size;        // at: in own_
  };
  const uint8_t* data(const Piece& piece) const {
    return piece.shared != nullptr ? piece.shared : reinterpret_cast<const uint8_t*>(own_.data()) + piece.at;
  }
  void add(Piece piece);

  std::string own_;
  std::vector<Piece> pieces_;
  size_t first_ = 0, size_ = 0;  // first_: of the pieces, that is not sent
};

}  // namespace axfrd::control

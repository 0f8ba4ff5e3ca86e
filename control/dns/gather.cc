#include "control/dns/gather.h"

#include <algorithm>

#include "zones/wire/prefetch.h"

namespace axfrd::control {

Gather::Gather(const Gather& other) {
  const std::span<const Piece> left = std::span(other.pieces_).subspan(other.first_);
  size_t own = 0;
  for (const Piece& piece : left) own += piece.shared == nullptr ? piece.size : 0;
  own_.reserve(own);
  pieces_.reserve(left.size());
  for (const Piece& piece : left) {
    const zones::Bytes octets(other.data(piece), piece.size);
    piece.shared != nullptr ? add({octets.data(), 0, octets.size()}) : static_cast<void>(copy(octets));
  }
}

void Gather::clear() {
  own_.clear();
  pieces_.clear();
  first_ = size_ = 0;
}

size_t Gather::copy(zones::Bytes octets) {
  const size_t at = own_.size();
  if (octets.empty()) return at;
  own_.append(zones::text_of(octets));
  size_ += octets.size();
  // Consecutive copies form one piece.
  if (!pieces_.empty() && pieces_.back().shared == nullptr) {
    pieces_.back().size += octets.size();
  } else {
    pieces_.push_back({nullptr, at, octets.size()});
  }
  return at;
}

void Gather::refer(zones::Bytes octets) {
  if (octets.empty()) return;
  // The kernel copies piece by piece, and waits for memory at the beginning of each. With prefetching, the cache misses
  // of a batch overlap.
  zones::prefetch(octets.data(), static_cast<unsigned>(octets.size()));
  add({octets.data(), 0, octets.size()});
}

void Gather::add(Piece piece) {
  pieces_.push_back(piece);
  size_ += piece.size;
}

size_t Gather::copy_pieces(std::span<iovec> pieces) const {
  size_t count = 0;
  for (size_t i = first_; i < pieces_.size() && count < pieces.size(); ++i)
    pieces[count++] = {const_cast<uint8_t*>(data(pieces_[i])), pieces_[i].size};
  return count;
}

void Gather::forget(size_t octets) {
  size_ -= octets;
  while (octets > 0) {
    Piece& piece = pieces_[first_];
    const size_t gone = std::min(octets, piece.size);
    piece.size -= gone;
    if (piece.shared != nullptr) {
      piece.shared += gone;
    } else {
      piece.at += gone;
    }
    octets -= gone;
    if (piece.size == 0) ++first_;
  }
}

}  // namespace axfrd::control

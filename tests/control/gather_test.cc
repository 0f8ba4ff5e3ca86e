#include "control/dns/gather.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::bytes_of;

// Sends no more than so many octets.
std::string sent(Gather& gather, size_t most = std::numeric_limits<size_t>::max()) {
  std::array<iovec, Gather::kMaxPieces> pieces;
  std::string octets;
  for (const iovec& piece : std::span(pieces).first(gather.copy_pieces(pieces)))
    octets.append(static_cast<const char*>(piece.iov_base), std::min(piece.iov_len, most - octets.size()));
  gather.forget(octets.size());
  return octets;
}

TEST(Gather, PiecesLeaveInTheirOrder) {
  const std::string one = "one,", three = "three,";
  Gather gather;
  gather.refer(bytes_of(one));
  const size_t at = gather.copy(bytes_of("to."));
  gather.copy(bytes_of(","));
  gather.copy({});
  gather.refer(bytes_of(three));
  gather.refer({});
  gather.copied(at)[1] = 'w';  // what was copied can still be changed
  gather.copied(at)[2] = 'o';
  EXPECT_EQ(gather.pieces(), 3U);
  EXPECT_EQ(gather.size(), 14U);
  EXPECT_EQ(sent(gather), "one,two,three,");
  EXPECT_TRUE(gather.empty());
}

TEST(Gather, WhatIsNotSentIsKeptAndGoesLater) {
  const std::string large(1000, 'L');
  for (const size_t most : {1U, 3U, 999U, 1000U, 1007U, 5000U}) {
    Gather gather;
    std::string all;
    for (const char* own : {"begin", "middle"}) {
      gather.copy(bytes_of(own));
      gather.refer(bytes_of(large));
      all += own + large;
    }
    gather.copy(bytes_of("end"));
    all += "end";
    std::string stream = sent(gather, most);
    Gather kept(gather);
    gather.clear();
    EXPECT_TRUE(gather.empty());
    while (!kept.empty()) stream += sent(kept, most);
    EXPECT_EQ(stream, all) << most;
  }
}

TEST(Gather, MorePiecesThanOneCallTakesNeedTwo) {
  const std::string octet = "x";
  Gather gather;
  for (size_t i = 0; i < Gather::kMaxPieces + 1; ++i) gather.refer(bytes_of(octet));
  EXPECT_EQ(sent(gather).size(), Gather::kMaxPieces);
  EXPECT_EQ(sent(gather).size(), 1U);
}

}  // namespace
}  // namespace axfrd::control

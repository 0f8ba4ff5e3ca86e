#include "control/dns/gather.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::bytes_of;

class GatherTest : public testing::Test {
 protected:
  GatherTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~GatherTest() override {
    for (const int end : ends_) ::close(end);
  }
  // What the other end has received, and not read yet.
  std::string received() const {
    std::string octets(1 << 20, '\0');
    const ssize_t size = ::recv(ends_[1], octets.data(), octets.size(), MSG_DONTWAIT);
    octets.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return octets;
  }
  std::array<int, 2> ends_{};
};

TEST_F(GatherTest, PiecesLeaveInTheirOrder) {
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
  EXPECT_EQ(gather.send(ends_[0]), 14);
  EXPECT_TRUE(gather.empty());
  EXPECT_EQ(received(), "one,two,three,");
}

TEST_F(GatherTest, WhatTheSocketDoesNotTakeIsKeptAndGoesLater) {
  const std::string large(3 << 20, 'L');
  Gather gather;
  std::string sent;
  for (const char* own : {"begin", "middle"}) {
    gather.copy(bytes_of(own));
    gather.refer(bytes_of(large));
    sent += own + large;
  }
  gather.copy(bytes_of("end"));
  sent += "end";
  std::string all;
  EXPECT_LT(gather.send(ends_[0]), static_cast<ssize_t>(sent.size()));
  EXPECT_EQ(gather.send(ends_[0]), -1);
  EXPECT_EQ(errno, EAGAIN);
  Gather kept(gather);
  gather.clear();
  EXPECT_TRUE(gather.empty());
  for (std::string part; !(part = received()).empty(); kept.send(ends_[0])) all += part;
  EXPECT_TRUE(kept.empty());
  EXPECT_TRUE(all == sent);
}

TEST_F(GatherTest, MorePiecesThanOneCallTakesNeedTwo) {
  const std::string octet = "x";
  Gather gather;
  for (size_t i = 0; i < Gather::kMaxPieces + 1; ++i) gather.refer(bytes_of(octet));
  EXPECT_EQ(gather.send(ends_[0]), static_cast<ssize_t>(Gather::kMaxPieces));
  EXPECT_EQ(gather.send(ends_[0]), 1);
  EXPECT_EQ(received().size(), Gather::kMaxPieces + 1);
}

}  // namespace
}  // namespace axfrd::control

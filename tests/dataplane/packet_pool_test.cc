// Where packet buffers lie, on pages of 4 KiB.
#include "dataplane/packet_pool.h"

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "rig.h"

namespace axfrd::dataplane {
namespace {

constexpr unsigned kPackets = 5000, kOctets = 2048;

// From the first octet of the first buffer to the last of the last.
size_t extent_of(rte_mempool& pool) {
  std::pair<uintptr_t, uintptr_t> range{UINTPTR_MAX, 0};
  rte_mempool_obj_iter(
      &pool,
      [](rte_mempool* p, void* argument, void* object, unsigned) {
        auto& [first, last] = *static_cast<std::pair<uintptr_t, uintptr_t>*>(argument);
        const auto at = reinterpret_cast<uintptr_t>(object);
        first = std::min(first, at - p->header_size);
        last = std::max(last, at + p->elt_size + p->trailer_size);
      },
      &range);
  return range.second - range.first;
}

TEST(PacketPoolTest, InOnePieceTheKernelsRangeHoldsAllBuffers) {
  const PacketPool pool("piece", kPackets, kOctets, SOCKET_ID_ANY, PacketPool::Layout::one_piece);
  rte_mempool& mempool = pool.mempool();
  const size_t stride = mempool.header_size + mempool.elt_size + mempool.trailer_size;
  EXPECT_EQ(extent_of(mempool), pool.buffers() * stride) << "what net_af_xdp makes known to the kernel";
}

TEST(PacketPoolTest, BuffersAreWhatPortsExpect) {
  for (const auto layout : {PacketPool::Layout::one_piece, PacketPool::Layout::by_page}) {
    const PacketPool pool("usual", kPackets, kOctets, SOCKET_ID_ANY, layout);
    EXPECT_EQ(pool.buffers(), kPackets);
    EXPECT_EQ(pool.in_use(), 0U);
    rte_mbuf* packet = rte_pktmbuf_alloc(&pool.mempool());
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(packet->pool, &pool.mempool());
    EXPECT_EQ(rte_pktmbuf_tailroom(packet), kOctets);
    EXPECT_EQ(pool.in_use(), 1U);
    rte_pktmbuf_free(packet);
    EXPECT_EQ(pool.in_use(), 0U);
  }
}

TEST(PacketPoolTest, WithoutMemoryItSaysHowToGiveMore) {
  try {
    const PacketPool pool("large", 100'000, kOctets, SOCKET_ID_ANY, PacketPool::Layout::one_piece);
    FAIL() << "235 MB of 192 MiB?";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("--memory"), std::string::npos);
  }
}

}  // namespace
}  // namespace axfrd::dataplane

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new axfrd::dataplane::test::EalEnvironment);
  return RUN_ALL_TESTS();
}

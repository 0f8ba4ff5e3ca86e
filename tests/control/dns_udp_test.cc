#include "control/dns/udp.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using zones::rrtype::A;

struct UdpParts {
  UdpParts(boost::asio::io_context& loop, test::ServedZones& zones, UdpCounters& counters, const Log& log)
      : changing(zones, log),
        reader(zones.rcu),
        updates(loop, changing.committer, zones.responder, reader),
        handler(zones.responder, changing.settings, nobody, 1232, {.rate = 0}, peers, counters.requests,
                [](const AuditRecord&) {}),
        udp(loop, handler, updates, reader, counters) {
    changing.load(zones, "example.com", test::kSmallZone);
    changing.committer.start();
    v4 = udp.listen({boost::asio::ip::address_v4::any(), 0}, false).port();
    v6 = udp.listen({boost::asio::ip::address_v6::any(), 0}, false).port();
  }
  ~UdpParts() { changing.committer.stop(); }
  UdpParts(const UdpParts&) = delete;
  UdpParts& operator=(const UdpParts&) = delete;

  test::CommitterParts changing;
  dataplane::Rcu::Reader reader;
  DnsUpdates updates;
  const AccessList nobody;
  test::NobodyListens peers;
  RequestHandler handler;
  DnsUdp udp;
  uint16_t v4, v6;
};

class DnsUdpTest : public testing::Test {
 protected:
  DnsUdpTest() {
    parts_.emplace([this](boost::asio::io_context& loop) {
      return std::make_unique<UdpParts>(loop, zones_, counters_, log_.log());
    });
    parts_->run([this](UdpParts& parts) {
      v4_ = parts.v4;
      v6_ = parts.v6;
    });
  }

  // A socket connected to the server takes answers only from the very address it asked.
  template <class Address>
  static int connected(const Address& address) {
    const int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  int connected_v4(const char* address) const {
    sockaddr_storage storage{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(v4_);
    v4.sin_addr.s_addr = inet_addr(address);
    return connected(storage);
  }
  int connected_v6() const {
    sockaddr_storage storage{};
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(v6_);
    v6.sin6_addr = in6addr_loopback;
    return connected(storage);
  }
  static std::string ask(int fd, const std::string& request) {
    EXPECT_EQ(send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    std::string answer(65536, '\0');
    const ssize_t got = recv(fd, answer.data(), answer.size(), 0);
    answer.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return answer;
  }

  test::ServedZones zones_;
  test::LogFile log_;
  UdpCounters counters_;
  uint16_t v4_ = 0, v6_ = 0;
  std::optional<test::InLoop<UdpParts>> parts_;
};

TEST_F(DnsUdpTest, AnswersFromTheAddressThatWasAsked) {
  for (const char* address : {"127.0.0.1", "127.0.0.53", "127.1.2.3"}) {
    const int fd = connected_v4(address);
    EXPECT_EQ(test::decoded(ask(fd, test::question("www.example.com", A))).answer.size(), 1U) << address;
    close(fd);
  }
  const int fd = connected_v6();
  EXPECT_EQ(test::decoded(ask(fd, test::question("www.example.com", A))).answer.size(), 1U);
  close(fd);
}

TEST_F(DnsUdpTest, AnUpdateIsAnsweredWhenItIsDoneFromTheAddressThatWasAsked) {
  const auto tsig = std::make_shared<const TsigKey>(test::name("k"), kDefaultTsigAlgorithm, random_secret());
  parts_->run([&](UdpParts& parts) {
    test::set_keys(parts.changing.settings, {std::make_shared<const Key>(Key{tsig, {UpdateGrant{}}})});
  });
  TsigSigner signer(tsig);
  const int fd = connected_v4("127.0.0.53");
  const std::string answer = ask(fd, test::signed_update("example.com", "new.example.com", signer));
  EXPECT_EQ(answer[3] & 0xF, 0);
  const auto octets = zones::bytes_of(answer);
  EXPECT_TRUE(check_response(octets, tsig, signer.mac(), tsig_now()).authentic());
  EXPECT_EQ(test::decoded(ask(fd, test::question("new.example.com", A))).answer.size(), 1U);
  EXPECT_EQ(counters_.requests.updates.read(), 1U);
  close(fd);
}

TEST_F(DnsUdpTest, AStandbyRefusesUpdates) {
  const auto tsig = std::make_shared<const TsigKey>(test::name("k"), kDefaultTsigAlgorithm, random_secret());
  parts_->run([&](UdpParts& parts) {
    test::set_keys(parts.changing.settings, {std::make_shared<const Key>(Key{tsig, {UpdateGrant{}}})});
    parts.changing.committer.set_standby();
  });
  TsigSigner signer(tsig);
  const int fd = connected_v4("127.0.0.1");
  const std::string answer = ask(fd, test::signed_update("example.com", "new.example.com", signer));
  EXPECT_EQ(answer[3] & 0xF, static_cast<int>(zones::Rcode::refused));
  EXPECT_TRUE(test::decoded(ask(fd, test::question("new.example.com", A))).answer.empty());
  close(fd);
}

TEST_F(DnsUdpTest, ManyAtOnceAreAllAnswered) {
  const int fd = connected_v4("127.0.0.1");
  for (uint16_t id = 0; id < 150; ++id) {
    const std::string request = test::question("www.example.com", A, id);
    EXPECT_GT(send(fd, request.data(), request.size(), 0), 0);
  }
  std::set<unsigned> ids;
  for (unsigned i = 0; i < 150; ++i) {
    char answer[1500];
    const ssize_t got = recv(fd, answer, sizeof answer, 0);
    ASSERT_GT(got, 0);
    ids.insert(test::decoded(std::string(answer, static_cast<size_t>(got))).id);
  }
  EXPECT_EQ(ids.size(), 150U);
  close(fd);
}

TEST_F(DnsUdpTest, GarbageAndClientsThatVanishAreSurvived) {
  for (int i = 0; i < 50; ++i) {
    const int fd = connected_v4("127.0.0.1");
    const std::string garbage(static_cast<size_t>(i), static_cast<char>(i));
    EXPECT_GE(send(fd, garbage.data(), garbage.size(), 0), 0);
    const std::string request = test::question("www.example.com", A);
    EXPECT_GT(send(fd, request.data(), request.size(), 0), 0);
    close(fd);  // the answer meets an ICMP error
  }
  const int fd = connected_v4("127.0.0.1");
  EXPECT_EQ(test::decoded(ask(fd, test::question("www.example.com", A))).answer.size(), 1U);
  close(fd);
}

}  // namespace
}  // namespace axfrd::control

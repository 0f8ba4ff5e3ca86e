#include "zones/answer/delegation.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"
#include "zones/answer/notify.h"
#include "zones/data/record.h"

namespace axfrd::zones::test {
namespace {

constexpr uint16_t kAuthoritative = flag::QR | flag::AA, kReferral = flag::QR;
const Name kCustomer = name("customer.example.");

// A response to the question for the NS records of the zone.
class Response {
 public:
  explicit Response(uint16_t flags) : message_(make_query(7, kCustomer, rrtype::NS)) { store16(octets() + 2, flags); }
  Response& answer(const std::string& owner, uint16_t type, const std::string& server) {
    return add(6, owner, type, server, 60);
  }
  Response& authority(const std::string& owner, uint16_t type, const std::string& server, uint32_t ttl = 60) {
    return add(8, owner, type, server, ttl);
  }
  Delegation read() const { return read_delegation(bytes_of(message_), kCustomer); }
  std::string& message() { return message_; }

 private:
  uint8_t* octets() { return reinterpret_cast<uint8_t*>(message_.data()); }
  // In the order of the sections, please. A SOA has no data here, and nobody reads it.
  Response& add(unsigned count_at, const std::string& owner, uint16_t type, const std::string& server, uint32_t ttl) {
    store16(octets() + count_at, load16(octets() + count_at) + 1U);
    const Name owner_name = name(owner), data = name(server);
    append_record(message_, Record{owner_name, type, ttl, data.view().bytes()});
    return *this;
  }
  std::string message_;
};

std::string problem_of(const Delegation& delegation) { return delegation.problem != nullptr ? delegation.problem : ""; }

TEST(Delegation, IsWhatTheReferralNames) {
  const Delegation found = Response(kReferral)
                               .authority("CUSTOMER.example.", rrtype::NS, "ns1.acme.test.", 300)
                               .authority("customer.example.", rrtype::NS, "ns2.acme.test.", 86400)
                               .read();
  EXPECT_EQ(problem_of(found), "");
  EXPECT_EQ(found.servers, (std::vector{name("ns1.acme.test."), name("ns2.acme.test.")}));
  EXPECT_EQ(found.ttl, 86400U);
  EXPECT_FALSE(found.cached);
}

TEST(Delegation, OfAServerOfBothZonesIsItsAnswer) {
  const auto answer = [](uint16_t flags) {
    return Response(flags).answer("customer.example.", rrtype::NS, "ns1.acme.test.").read();
  };
  EXPECT_EQ(answer(kAuthoritative).servers.size(), 1U);
  EXPECT_FALSE(answer(kAuthoritative).cached);
  EXPECT_EQ(answer(kReferral).servers.size(), 1U);
  EXPECT_TRUE(answer(kReferral).cached);
}

TEST(Delegation, ThereIsNoneIfAnAuthoritySaysSo) {
  const auto negative = [](uint16_t flags) {
    return Response(flags).authority("example.", rrtype::SOA, "ns.example.").read();
  };
  for (const int nxdomain : {0, 3}) {
    const auto flags = static_cast<uint16_t>(kAuthoritative | nxdomain);
    EXPECT_EQ(problem_of(negative(flags)), "");
    EXPECT_TRUE(negative(flags).servers.empty());
    EXPECT_EQ(problem_of(Response(flags).read()), "") << "without a SOA";
  }
  EXPECT_EQ(problem_of(negative(kReferral)), "it has no authority");
  EXPECT_EQ(problem_of(negative(static_cast<uint16_t>(kReferral | 3))), "it has no authority");
  const Delegation alias = Response(kAuthoritative)
                               .answer("customer.example.", rrtype::CNAME, "other.example.")
                               .authority("example.", rrtype::NS, "ns.example.")
                               .read();
  EXPECT_EQ(problem_of(alias), "");
  EXPECT_TRUE(alias.servers.empty());
}

TEST(Delegation, WhatSaysNothingOfItIsNoAnswer) {
  EXPECT_NE(problem_of(Response(kReferral).authority("example.", rrtype::NS, "ns.example.").read()), "");
  EXPECT_NE(problem_of(Response(kReferral).authority(".", rrtype::NS, "a.root.test.").read()), "") << "upwards";
  EXPECT_NE(problem_of(Response(kAuthoritative).authority("example.", rrtype::NS, "ns.example.").read()), "");
  EXPECT_NE(problem_of(Response(kAuthoritative).authority("customer.example.", rrtype::SOA, "ns.test.").read()), "");
  EXPECT_NE(problem_of(Response(kReferral).read()), "");
  for (const int rcode : {1, 2, 4, 5, 9}) {
    const Delegation refused = Response(static_cast<uint16_t>(kAuthoritative | rcode)).read();
    EXPECT_EQ(problem_of(refused), "it refuses");
    EXPECT_EQ(static_cast<int>(refused.rcode), rcode);
  }
  EXPECT_NE(problem_of(Response(static_cast<uint16_t>(kAuthoritative | flag::TC)).read()), "");
  EXPECT_NE(problem_of(Response(flag::AA).read()), "") << "no response";
}

TEST(Delegation, WhatIsCutShortOrAboutSomethingElseIsMalformed) {
  Response whole(kReferral);
  whole.authority("customer.example.", rrtype::NS, "ns1.acme.test.");
  for (size_t size = 0; size < whole.message().size(); ++size) {
    const std::string cut = whole.message().substr(0, size);
    EXPECT_NE(read_delegation(bytes_of(cut), kCustomer).problem, nullptr) << size;
  }
  EXPECT_NE(read_delegation(bytes_of(whole.message()), name("other.example.")).problem, nullptr);
}

}  // namespace
}  // namespace axfrd::zones::test

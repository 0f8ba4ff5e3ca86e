#include "zones/answer/query.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

void set16(QueryBytes& q, size_t at, unsigned v) {
  q.bytes[at] = static_cast<char>(v >> 8);
  q.bytes[at + 1] = static_cast<char>(v);
}

TEST(Query, ReadsQuestionAndEdns) {
  QueryBytes q("www.Example.com.", rrtype::MX);
  q.edns(4096, true);
  ASSERT_EQ(q.parse(), Disposition::answer);
  EXPECT_EQ(q.query.refusal, Rcode::noerror);
  EXPECT_EQ(q.query.qtype, rrtype::MX);
  EXPECT_EQ(q.query.qname.labels(), 3U);
  EXPECT_EQ(q.query.qname.hash(2), NameHash::process().of(name("example.com")));
  EXPECT_TRUE(q.query.edns && q.query.dnssec_ok);
  EXPECT_EQ(q.query.payload, 4096U);
}

TEST(Query, AnEdnsPayloadBelow512CountsAs512) {
  QueryBytes q("a.", rrtype::A);
  q.edns(100);
  ASSERT_EQ(q.parse(), Disposition::answer);
  EXPECT_EQ(q.query.payload, 512U);
}

TEST(Query, ResponsesAndFragmentsOfHeadersAreDropped) {
  QueryBytes response("a.", rrtype::A);
  set16(response, 2, flag::QR);
  EXPECT_EQ(response.parse(), Disposition::drop);
  QueryBytes runt("a.", rrtype::A);
  runt.bytes.resize(11);
  EXPECT_EQ(runt.parse(), Disposition::drop);
}

TEST(Query, MalformedMessagesAreFormerr) {
  const auto rcode = [](QueryBytes& q) {
    EXPECT_EQ(q.parse(), Disposition::answer);
    return q.query.refusal;
  };
  QueryBytes two("a.", rrtype::A), none("a.", rrtype::A), cut("abc.", rrtype::A), pointer("a.", rrtype::A),
      trailing("a.", rrtype::A);
  set16(two, 4, 2);  // RFC 9619
  set16(none, 4, 0);
  cut.bytes.resize(15);
  pointer.bytes[12] = '\xC0';
  trailing.bytes += 'x';
  EXPECT_EQ(rcode(two), Rcode::formerr);
  EXPECT_EQ(rcode(none), Rcode::formerr);
  EXPECT_EQ(rcode(cut), Rcode::formerr);
  EXPECT_EQ(rcode(pointer), Rcode::formerr);
  EXPECT_EQ(rcode(trailing), Rcode::formerr);
}

TEST(Query, OptMustStandOnceUnderTheRootInTheAdditionalSection) {
  QueryBytes twice("a.", rrtype::A);
  twice.edns(1232).edns(1232);
  ASSERT_EQ(twice.parse(), Disposition::answer);
  EXPECT_EQ(twice.query.refusal, Rcode::formerr);
  QueryBytes misplaced("a.", rrtype::A);
  misplaced.edns(1232);
  set16(misplaced, 10, 0);
  set16(misplaced, 6, 1);
  ASSERT_EQ(misplaced.parse(), Disposition::answer);
  EXPECT_EQ(misplaced.query.refusal, Rcode::formerr);
}

// Reads a query with these options.
Query read_options(const std::string& options, unsigned version = 0) {
  QueryBytes q("a.", rrtype::A);
  q.edns(1232, false, version, options);
  EXPECT_EQ(q.parse(), Disposition::answer);
  return q.query;
}

TEST(Query, OptionsThatDoNotAddUpAreFormerr) {
  EXPECT_EQ(read_options(std::string("\0\3\0\x09", 4)).refusal, Rcode::formerr);
  EXPECT_EQ(read_options(edns_option(100) + std::string(3, '\0')).refusal, Rcode::formerr);
  EXPECT_EQ(read_options(edns_option(100, "unknown") + edns_option(12, "padding")).refusal, Rcode::noerror);
}

TEST(Query, ACookieHasTheLengthsOfRfc7873) {
  for (unsigned size = 0; size <= 48; ++size) {
    const Query q = read_options(edns_option(option::COOKIE, std::string(size, 'c')));
    const bool good = size == 8 || (size >= 16 && size <= 40);
    EXPECT_EQ(q.refusal, good ? Rcode::noerror : Rcode::formerr) << size;
    if (good) {
      EXPECT_EQ(q.cookie_size, size);
    }
  }
}

TEST(Query, OfSeveralCookiesTheFirstCounts) {
  const Query q = read_options(edns_option(option::COOKIE, "12345678") + edns_option(option::COOKIE, "x"));
  EXPECT_EQ(q.refusal, Rcode::noerror);
  EXPECT_EQ(q.cookie_size, 8U);
  EXPECT_EQ(std::string(q.cookie.begin(), q.cookie.begin() + 8), "12345678");
}

TEST(Query, AZoneversionWithDataIsFormerr) {
  EXPECT_EQ(read_options(edns_option(option::ZONEVERSION)).refusal, Rcode::noerror);
  EXPECT_EQ(read_options(edns_option(option::ZONEVERSION, "x")).refusal, Rcode::formerr);
}

TEST(Query, OptionsOfAnUnknownVersionAreNotRead) {
  EXPECT_EQ(read_options(edns_option(option::COOKIE, "malformed here"), 1).refusal, Rcode::badvers);
}

TEST(Query, ACookieMayBeAskedForWithoutAQuestion) {  // RFC 7873 section 5.4
  const auto rcode = [](const std::string& options) {
    QueryBytes q("a.", rrtype::A);
    q.bytes.resize(kHeaderSize);
    set16(q, 4, 0);
    q.edns(1232, false, 0, options);
    EXPECT_EQ(q.parse(), Disposition::answer);
    return q.query.refusal;
  };
  EXPECT_EQ(rcode(edns_option(option::COOKIE, "12345678")), Rcode::noerror);
  EXPECT_EQ(rcode(edns_option(option::COOKIE, "1234567")), Rcode::formerr);
  EXPECT_EQ(rcode(""), Rcode::formerr);
}

TEST(Query, UnknownEdnsVersionIsBadversAndUnknownOpcodeNotimp) {
  QueryBytes version("a.", rrtype::A);
  version.edns(1232, false, 1);
  ASSERT_EQ(version.parse(), Disposition::answer);
  EXPECT_EQ(version.query.refusal, Rcode::badvers);
  QueryBytes opcode("a.", rrtype::A);
  set16(opcode, 2, 2 << flag::OPCODE_SHIFT);
  ASSERT_EQ(opcode.parse(), Disposition::answer);
  EXPECT_EQ(opcode.query.refusal, Rcode::notimp);
}

TEST(Query, NotifyUpdateAndSignedRequestsNeedTheControlPlane) {
  for (const unsigned opcode : {4U, 5U}) {
    QueryBytes q("a.", rrtype::SOA);
    set16(q, 2, opcode << flag::OPCODE_SHIFT);
    EXPECT_EQ(q.parse(), Disposition::privileged);
  }
  QueryBytes tsig("a.", rrtype::SOA);
  set16(tsig, 10, 1);
  tsig.bytes += std::string("\1k\0", 3);
  tsig.put16(rrtype::TSIG);
  tsig.put16(rrclass::ANY);
  tsig.put16(0);
  tsig.put16(0);
  tsig.put16(0);
  EXPECT_EQ(tsig.parse(), Disposition::privileged);
}

TEST(Query, AxfrAndIxfrOverTcpAreTransfersAndIxfrOverUdpIsAQuestion) {
  QueryBytes axfr("a.", rrtype::AXFR), ixfr("a.", rrtype::IXFR, Transport::tcp), poll("a.", rrtype::IXFR);
  EXPECT_EQ(axfr.parse(), Disposition::transfer);
  EXPECT_EQ(ixfr.parse(), Disposition::transfer);
  EXPECT_EQ(poll.parse(), Disposition::answer);
}

TEST(Query, SurvivesRandomOctets) {
  std::mt19937 random(3);
  Server server;
  server.load("example.", "$TTL 60\n@ SOA ns admin 1 2 3 4 5\n* TXT x\n");
  std::array<uint8_t, 1500> buffer;
  for (unsigned i = 0; i < 200000; ++i) {
    QueryBytes seed("a.example.", rrtype::TXT);
    seed.edns(1232, true, 0, edns_option(option::NSID) + edns_option(option::COOKIE, std::string(24, 'c')));
    std::string bytes = seed.bytes;
    for (unsigned k = static_cast<unsigned>(random() % 6); k > 0; --k)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    // A buffer of exactly this size, so that a sanitizer sees any octet read beyond it.
    std::vector<uint8_t> exact(bytes.begin(), bytes.end());
    Query q;
    q.message = exact.data();
    q.size = q.capacity = static_cast<unsigned>(exact.size());
    if (q.parse() != Disposition::answer) continue;
    std::memcpy(buffer.data(), exact.data(), exact.size());
    q.message = buffer.data();
    q.capacity = static_cast<unsigned>(buffer.size());
    q.parse();
    const unsigned size = server.responder.respond(q);
    ASSERT_LE(size, 1232U);
    ASSERT_NO_THROW(Decoded::read({buffer.data(), size}));
  }
}

}  // namespace
}  // namespace axfrd::zones::test

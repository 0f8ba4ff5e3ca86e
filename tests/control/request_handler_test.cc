#include "control/dns/request_handler.h"

#include "control/access/tsig.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::Decoded;
using test::QueryBytes;
using zones::Transport;
using zones::rrtype::AXFR;
using zones::rrtype::SOA;

constexpr unsigned kFormErr = 1, kNotImp = 4, kRefused = 5, kNotAuth = 9;

class RequestHandlerTest : public testing::Test {
 protected:
  RequestHandlerTest() {
    zones_.load("example.com", test::kSmallZone);
    allowed_.allow(Prefix::parse("127.0.0.1"));
  }

  // The response; empty if there is none.
  std::string ask(const std::string& request, Transport transport = Transport::udp) {
    std::vector<uint8_t> message(zones::kMaxMessage);
    std::copy(request.begin(), request.end(), message.begin());
    const auto outcome = handler_.handle(message.data(), static_cast<unsigned>(request.size()), zones::kMaxMessage,
                                         transport, parse_address("127.0.0.1"));
    return {message.begin(), message.begin() + outcome.size};
  }
  static std::string with_opcode(unsigned opcode) {
    std::string bytes = test::question("example.com", SOA);
    bytes[2] = static_cast<char>(opcode << 3);
    return bytes;
  }

  test::ServedZones zones_;
  std::vector<uint8_t> message_;
  AccessList allowed_;
  RequestCounters counters_;
  test::LogFile log_;
  test::CommitterParts changing_{zones_, log_.log()};
  CurrentSettings& settings_ = changing_.settings;
  boost::asio::io_context loop_;
  dataplane::Rcu::Reader reader_{zones_.rcu};
  test::NobodyListens peers_;
  Auditor auditor_ = [](const AuditRecord&) {};
  RequestHandler handler_{zones_.responder, settings_, allowed_, 1232, {.rate = 0}, peers_, counters_, auditor_};
};

TEST_F(RequestHandlerTest, UdpIsLimitedAsInThePacketPath) {
  RequestHandler limited{zones_.responder,        settings_, allowed_,  1232,
                         {.rate = 10, .slip = 2}, peers_,    counters_, auditor_};
  const std::string query = test::question("example.com", zones::rrtype::SOA);
  const IpAddress peer = parse_address("192.0.2.1");
  unsigned whole = 0, truncated = 0, none = 0;
  for (unsigned i = 0; i < 20; ++i) {
    std::vector<uint8_t> buffer(zones::kMaxMessage);
    std::copy(query.begin(), query.end(), buffer.begin());
    const auto outcome =
        limited.handle(buffer.data(), static_cast<unsigned>(query.size()), zones::kMaxMessage, Transport::udp, peer);
    if (outcome.size == 0) {
      ++none;
    } else {
      ++((zones::load16(&buffer[2]) & zones::flag::TC) != 0 ? truncated : whole);
    }
  }
  EXPECT_GE(whole, 10U);
  EXPECT_LE(whole, 12U) << "on a slow machine one or two more";
  EXPECT_NEAR(truncated, none, 1);
  EXPECT_EQ(counters_.slipped.read(), truncated);
  EXPECT_EQ(counters_.rate_limited.read(), none);
  EXPECT_EQ(counters_.ignored.read(), 0U);
}

TEST_F(RequestHandlerTest, AxfrOverUdpIsNotImplemented) {
  EXPECT_EQ(test::decoded(ask(test::question("example.com", AXFR))).rcode, kNotImp);
}

TEST_F(RequestHandlerTest, NotifyIsNotForAPrimaryAndAnUnsignedUpdateIsRefused) {
  const Decoded notify = test::decoded(ask(with_opcode(4)));
  EXPECT_EQ(notify.rcode, kNotAuth);
  EXPECT_EQ(notify.questions, 1U);
  EXPECT_EQ(test::decoded(ask(with_opcode(5), Transport::tcp)).rcode, kRefused);
  EXPECT_EQ(counters_.updates_refused.read(), 1U);
}

TEST_F(RequestHandlerTest, ResponsesAreCountedByRcode) {
  ask(test::question("www.example.com", SOA));
  ask(test::question("nothing.example.com", SOA));
  ask("too short");
  EXPECT_EQ(counters_.queries.read(), 3U);
  EXPECT_EQ(counters_.responses[0].read(), 1U);
  EXPECT_EQ(counters_.responses[3].read(), 1U);
  EXPECT_EQ(counters_.ignored.read(), 1U);
}

// A TSIG record: key "k.", algorithm "hmac-sha256.", a MAC of `mac_size` octets.
std::string with_tsig(QueryBytes query, unsigned mac_size, unsigned stated_mac_size) {
  query.bytes[11] = static_cast<char>(query.bytes[11] + 1);
  query.bytes += std::string("\1k\0", 3);
  query.put16(zones::rrtype::TSIG);
  query.put16(zones::rrclass::ANY);
  query.put16(0);
  query.put16(0);
  const std::string algorithm("\x0bhmac-sha256\0", 13);
  query.put16(static_cast<unsigned>(algorithm.size() + 16 + mac_size));
  query.bytes += algorithm;
  for (const unsigned v : {0x0000U, 0x6745U, 0x2301U, 300U, stated_mac_size}) query.put16(v);
  query.bytes += std::string(mac_size, 'm');
  for (const unsigned v : {0x4321U, 0U, 0U}) query.put16(v);
  return query.bytes;
}

TEST_F(RequestHandlerTest, AnUnknownKeyIsNotAuthAndBadkeyUnsigned) {
  QueryBytes query("example.com", SOA);
  query.edns(1232);
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    const std::string answer = ask(with_tsig(query, 32, 32), transport);
    EXPECT_EQ(test::decoded(answer).rcode, kNotAuth);
    // The TSIG record stands last, behind OPT (RFC 8945 §5.1).
    const std::string rdata("\x0bhmac-sha256\0\0\0\x67\x45\x23\x01\x01\x2c\0\0\x43\x21\0\x11\0\0", 29);
    ASSERT_GE(answer.size(), rdata.size());
    EXPECT_EQ(answer.substr(answer.size() - rdata.size()), rdata);
    EXPECT_EQ(answer[11], 2);
  }
  EXPECT_EQ(counters_.bad_keys.read(), 2U);
}

TEST_F(RequestHandlerTest, AWrongSignatureIsReportedByTheNameOfItsError) {
  const auto key = [](const std::string& secret) {
    return std::make_shared<const TsigKey>(test::name("k"), kDefaultTsigAlgorithm, decode_secret(secret));
  };
  const std::string secret = encode_secret(random_secret());
  test::set_keys(settings_, {std::make_shared<const Key>(Key{key(secret), {}})});
  const auto signed_axfr = [](const TsigKeyRef& with, TsigTime time) {
    std::string request = QueryBytes("example.com", AXFR).bytes;
    const auto size = static_cast<unsigned>(request.size());
    request.resize(512);
    request.resize(TsigSigner(with).append(reinterpret_cast<uint8_t*>(request.data()), size, 512, time));
    return request;
  };
  (void)ask(signed_axfr(key(encode_secret(random_secret())), tsig_now()), Transport::tcp);
  (void)ask(signed_axfr(key(secret), tsig_now() - 4000), Transport::tcp);
  test::set_keys(settings_, {});
  (void)ask(with_tsig(QueryBytes("example.com", AXFR), 32, 32), Transport::udp);
  (void)ask(with_tsig(QueryBytes("elsewhere.com", AXFR), 32, 32), Transport::tcp);  // no zone of ours
  ASSERT_EQ(peers_.refusals.size(), 3U);
  EXPECT_EQ(peers_.refusals[0].reason, Reason::badsig);
  EXPECT_TRUE(peers_.refusals[0].by_tcp);
  EXPECT_EQ(peers_.refusals[0].key, "k.");
  EXPECT_EQ(peers_.refusals[1].reason, Reason::badtime);
  EXPECT_NE(peers_.refusals[1].why.find("behind ours"), std::string::npos);
  EXPECT_EQ(peers_.refusals[2].reason, Reason::badkey);
  EXPECT_FALSE(peers_.refusals[2].by_tcp);
}

TEST_F(RequestHandlerTest, AMalformedTsigIsFormerr) {
  QueryBytes query("example.com", SOA);
  EXPECT_EQ(test::decoded(ask(with_tsig(query, 4, 5))).rcode, kFormErr);
  EXPECT_EQ(test::decoded(ask(with_tsig(query, 0, 65535))).rcode, kFormErr);
}

TEST_F(RequestHandlerTest, ASignedTransferIsNotAuthToo) {
  const std::string answer = ask(with_tsig(QueryBytes("example.com", AXFR), 32, 32), Transport::tcp);
  EXPECT_EQ(test::decoded(answer).rcode, kNotAuth);
}

TEST_F(RequestHandlerTest, ASignedUpdateGoesOnOnlyWithAGrantForAllItChanges) {
  const auto tsig = std::make_shared<const TsigKey>(test::name("k"), kDefaultTsigAlgorithm, random_secret());
  const auto outcome_with = [&](std::vector<UpdateGrant> grants, const std::string& zone = "example.com") {
    test::set_keys(settings_, {std::make_shared<const Key>(Key{tsig, std::move(grants)})});
    TsigSigner signer(tsig);
    const std::string request = test::signed_update(zone, "new." + zone, signer);
    message_.assign(zones::kMaxMessage, 0);
    std::copy(request.begin(), request.end(), message_.begin());
    return handler_.handle(message_.data(), static_cast<unsigned>(request.size()), zones::kMaxMessage, Transport::tcp,
                           parse_address("127.0.0.1"));
  };
  EXPECT_FALSE(outcome_with({}).update);
  EXPECT_EQ(message_[3] & 0xF, kRefused);
  EXPECT_FALSE(outcome_with({parse_grant("example.org", "*", "")}).update);
  EXPECT_FALSE(outcome_with({parse_grant("example.com", "*", "AAAA")}).update);
  EXPECT_FALSE(outcome_with({parse_grant("example.com", "old.example.com", "")}).update);
  EXPECT_FALSE(outcome_with({parse_grant("example.com", "*.new.example.com", "")}).update);
  EXPECT_EQ(message_[3] & 0xF, kRefused);
  EXPECT_TRUE(outcome_with({parse_grant("example.com", "*.example.com", "TXT,A")}).update);
  EXPECT_TRUE(outcome_with({parse_grant("*", "new.example.com", "")}).update);
  EXPECT_TRUE(outcome_with({parse_grant("example.com", "NEW.*", "A")}).update);
  EXPECT_FALSE(outcome_with({parse_grant("example.com", "ne.*", "A")}).update);
  EXPECT_FALSE(outcome_with({parse_grant("example.org", "new.*", "A")}).update);
  EXPECT_FALSE(outcome_with({parse_grant("*", "*", "")}, "example.org").update);
  EXPECT_EQ(message_[3] & 0xF, kNotAuth);
}

TEST_F(RequestHandlerTest, EveryCutOfASignedRequestIsSurvived) {
  QueryBytes query("example.com", SOA);
  const std::string whole = with_tsig(query.edns(1232), 32, 32);
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string answer = ask(whole.substr(0, size), Transport::tcp);
    if (size >= zones::kHeaderSize) {
      EXPECT_EQ(test::decoded(answer).rcode, kFormErr) << size;
    }
  }
}

}  // namespace
}  // namespace axfrd::control

#include "zones/answer/respond.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

// The shapes of answers are the oracle's business (tests/model); here stand the edges it does not reach.
class Respond : public ::testing::Test {
 protected:
  Respond() : server({.udp_payload = 1232, .nsid = "node1", .id_server = "node1.test", .version = "axfrd"}) {
    std::string text =
        "$TTL 3600\n@ SOA ns admin 7 3600 900 604800 300\n@ NS ns\nns A 192.0.2.53\n"
        "www CNAME web\nweb A 192.0.2.80\nweb AAAA 2001:db8::80\nout CNAME www.elsewhere.test.\n"
        "loop1 CNAME loop2\nloop2 CNAME loop1\n*.wild MX 10 mail.example.\nmail A 192.0.2.25\n"
        "sub NS ns.sub\nsub NS ns2.sub\nns.sub A 192.0.2.1\nns2.sub AAAA 2001:db8::2\n";
    for (int i = 0; i < 60; ++i) text += "big A 10.0.0." + std::to_string(i) + "\n";
    for (int i = 0; i < 13; ++i) text += "fat NS a-rather-long-name-of-a-server-" + std::to_string(i) + ".fat\n";
    for (int i = 0; i < 13; ++i)
      text += "a-rather-long-name-of-a-server-" + std::to_string(i) + ".fat AAAA 2001:db8::1\n";
    server.load("example.", text);
  }
  Server server;
};

TEST_F(Respond, EchoesIdQuestionAndRd) {
  QueryBytes q("WWW.exAMPLE.", rrtype::A);
  q.bytes[2] = 1;  // RD
  const Decoded d = server.ask(q);
  EXPECT_EQ(d.id, 0x1234U);
  EXPECT_TRUE(d.qr && d.aa && d.rd);
  EXPECT_EQ(d.answer[0].substr(0, 12), "WWW.exAMPLE.");  // the requester's case (0x20)
}

TEST_F(Respond, FollowsChainsAndStopsAtLoops) {
  EXPECT_EQ(server.ask("www.example.", rrtype::A).answer.size(), 2U);
  EXPECT_EQ(server.ask("out.example.", rrtype::A).answer.size(), 1U);
  const Decoded loop = server.ask("loop1.example.", rrtype::A);
  EXPECT_EQ(loop.answer.size(), 2U);
  EXPECT_EQ(loop.rcode, 0U);
}

TEST_F(Respond, AZoneThatIsNotServedSaysWhy) {
  const auto serve = [&](Serving serving) {
    const VersionRef version = zone_of("example.", "$TTL 60\n@ SOA ns admin 8 2 3 4 5\n@ NS ns\nns A 192.0.2.53\n");
    Attributes attributes = version->attributes();
    attributes.serving = serving;
    (void)server.zones.publish(version->apply({}, version->soa_record(), std::move(attributes)));
    return server.ask("ns.example.", rrtype::A).rcode;
  };
  EXPECT_EQ(serve(Serving::expired), static_cast<unsigned>(Rcode::servfail));
  EXPECT_EQ(serve(Serving::hidden), static_cast<unsigned>(Rcode::refused));
  EXPECT_EQ(serve(Serving::served), static_cast<unsigned>(Rcode::noerror));
}

TEST_F(Respond, WithoutEdns512OctetsAreTheLimit) {
  const Decoded d = server.ask("big.example.", rrtype::A);
  EXPECT_TRUE(d.tc);
  EXPECT_TRUE(d.answer.empty());
  QueryBytes q("big.example.", rrtype::A);
  q.edns(1232);
  EXPECT_EQ(server.ask(q).answer.size(), 60U);
  EXPECT_EQ(server.ask("big.example.", rrtype::A, Transport::tcp).answer.size(), 60U);
}

TEST_F(Respond, AReferralWithoutRoomForItsGlueIsTruncated) {
  const Decoded d = server.ask("x.fat.example.", rrtype::A);
  EXPECT_TRUE(d.tc);  // RFC 9471
  const Decoded whole = server.ask("x.fat.example.", rrtype::A, Transport::tcp);
  EXPECT_EQ(whole.authority.size(), 13U);
  EXPECT_EQ(whole.additional.size(), 13U);
  EXPECT_FALSE(whole.aa);
}

TEST_F(Respond, OtherZonesAreRefusedWithAnExtendedError) {
  QueryBytes q("www.example.org.", rrtype::A);
  q.edns(1232);
  const Decoded d = server.ask(q);
  EXPECT_EQ(d.rcode, 5U);
  EXPECT_TRUE(d.edns);
  EXPECT_NE(std::string_view(reinterpret_cast<const char*>(q.buffer.data()), d.size)
                .find(std::string_view("\0\x0F\0\2\0\x14", 6)),
            std::string_view::npos);
}

TEST_F(Respond, BadversAnswersWithVersionZero) {
  QueryBytes q("www.example.", rrtype::A);
  q.edns(1232, false, 3);
  const Decoded d = server.ask(q);
  EXPECT_EQ(d.rcode, 0U);
  EXPECT_EQ(d.extended_rcode, 1U);
  EXPECT_TRUE(d.answer.empty());
}

TEST_F(Respond, NsidIsSentWhenAskedFor) {
  QueryBytes q("www.example.", rrtype::A), plain("www.example.", rrtype::A);
  q.edns(1232, false, 0, std::string("\0\3\0\0", 4));
  plain.edns(1232);
  const unsigned with = server.ask(q).size, without = server.ask(plain).size;
  EXPECT_EQ(with, without + 4 + 5);
}

TEST_F(Respond, UnknownOptionsAndFlagsAreIgnoredAndNotEchoed) {
  QueryBytes q("www.example.", rrtype::A);
  q.edns(1232, false, 0, edns_option(100, "unknown") + edns_option(12, std::string(50, '\0')));
  q.bytes[q.bytes.size() - 65 - 2 - 2] = '\x7F';  // all flags but DO
  const Decoded d = server.ask(q);
  EXPECT_EQ(d.rcode, 0U);
  EXPECT_TRUE(d.options.empty());
  EXPECT_EQ(d.edns_flags, 0U);
}

TEST_F(Respond, ExpireComesWithTheSoa) {  // RFC 7314
  const auto expire = [&](const char* qname, uint16_t qtype) {
    QueryBytes q(qname, qtype);
    q.edns(1232, false, 0, edns_option(option::EXPIRE));
    return server.ask(q).options[option::EXPIRE];
  };
  const std::string seconds("\0\x09\x3A\x80", 4);
  EXPECT_EQ(expire("example.", rrtype::SOA), seconds);
  EXPECT_EQ(expire("example.", rrtype::IXFR), seconds);
  EXPECT_EQ(expire("example.", rrtype::NS), "");
  EXPECT_EQ(expire("www.example.", rrtype::SOA), "");
  EXPECT_EQ(expire("elsewhere.", rrtype::SOA), "");
}

TEST_F(Respond, ZoneversionTellsZoneAndSerial) {  // RFC 9660
  const auto version = [&](const char* qname, uint16_t qtype = rrtype::A) {
    QueryBytes q(qname, qtype);
    q.edns(1232, false, 0, edns_option(option::ZONEVERSION));
    return server.ask(q).options[option::ZONEVERSION];
  };
  const std::string seven("\1\0\0\0\0\7", 6);
  EXPECT_EQ(version("web.example."), seven);
  EXPECT_EQ(version("nothing.example."), seven);
  EXPECT_EQ(version("x.sub.example."), seven);
  EXPECT_EQ(version("web.example.", rrtype::MX), seven) << "NODATA";
  EXPECT_EQ(version("www.elsewhere."), "");
}

TEST_F(Respond, KeepaliveIsForTcp) {  // RFC 7828
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    QueryBytes q("web.example.", rrtype::A, transport);
    q.edns(1232, false, 0, edns_option(option::TCP_KEEPALIVE));
    const std::string timeout("\1\x2C", 2);  // 30 s
    EXPECT_EQ(server.ask(q).options[option::TCP_KEEPALIVE], transport == Transport::tcp ? timeout : "");
  }
}

TEST_F(Respond, ACookieIsAnsweredByOneThatIsValidNextTime) {
  const auto ask = [&](const std::string& cookie, const char* qname, std::array<uint8_t, 4> address) {
    QueryBytes q(qname, rrtype::A);
    q.edns(1232, false, 0, edns_option(option::COOKIE, cookie));
    q.query.client = address;
    q.query.now = 1000;
    const std::string answered = server.ask(q).options[option::COOKIE];
    return std::pair<bool, std::string>(q.query.reply.valid_cookie, answered);
  };
  const std::array<uint8_t, 4> here{192, 0, 2, 1}, there{192, 0, 2, 2};
  const auto [valid, cookie] = ask("clients.", "web.example.", here);
  EXPECT_FALSE(valid);
  ASSERT_EQ(cookie.size(), 24U);
  EXPECT_EQ(cookie.substr(0, 8), "clients.");
  const std::pair<bool, std::string> same(true, cookie);
  EXPECT_EQ(ask(cookie, "nothing.example.", here), same);
  EXPECT_EQ(ask(cookie, "www.elsewhere.", here), same) << "REFUSED";
  EXPECT_FALSE(ask(cookie, "web.example.", there).first);
}

TEST_F(Respond, ASlipComesWithoutRecords) {
  QueryBytes plain("web.example.", rrtype::A), with_cookie("web.example.", rrtype::A);
  with_cookie.edns(1232, false, 0, edns_option(option::COOKIE, "clients."));
  const unsigned size = server.ask(plain).size;
  const Decoded truncated = Decoded::read({plain.buffer.data(), server.responder.slip(plain.query, size)});
  EXPECT_TRUE(truncated.tc && truncated.answer.empty() && truncated.rcode == 0 && truncated.questions == 1);
  server.ask(with_cookie);
  const Decoded bad = Decoded::read({with_cookie.buffer.data(), server.responder.slip(with_cookie.query, size)});
  EXPECT_EQ(bad.rcode + 16 * bad.extended_rcode, 23U);  // BADCOOKIE
  EXPECT_FALSE(bad.tc);
  EXPECT_EQ(bad.options.at(option::COOKIE).size(), 24U);
  QueryBytes stranger("elsewhere.", rrtype::A);
  const unsigned refused = server.ask(stranger).size;
  EXPECT_EQ(server.responder.slip(stranger.query, refused), refused);
  EXPECT_EQ(Decoded::read({stranger.buffer.data(), refused}).rcode, 5U) << "an error stays what it is";
}

TEST_F(Respond, AnswersAreToldApartByTheNameTheyComeFrom) {
  const auto at = [&](const char* qname) {
    QueryBytes q(qname, rrtype::A);
    server.ask(q);
    return q.query.reply.answered_at;
  };
  const auto hash = [](const char* text) { return NameHash::process().of(name(text)); };
  EXPECT_EQ(at("web.example."), hash("web.example."));
  EXPECT_EQ(at("www.example."), hash("www.example.")) << "a chain begins where it was asked";
  EXPECT_EQ(at("a.b.wild.example."), hash("wild.example."));
  EXPECT_EQ(at("a.b.sub.example."), hash("sub.example."));
  EXPECT_EQ(at("nothing.web.example."), hash("example."));
  EXPECT_EQ(at("elsewhere."), 0U);
}

TEST_F(Respond, AnyGetsOneRrset) {
  EXPECT_EQ(server.ask("web.example.", rrtype::ANY).answer.size(), 1U);  // RFC 8482
  const Decoded apex = server.ask("example.", rrtype::ANY);
  ASSERT_EQ(apex.answer.size(), 1U);
  EXPECT_NE(apex.answer[0].find("SOA"), std::string::npos);
}

TEST_F(Respond, IxfrOverUdpGetsTheSoaAlone) {
  const Decoded d = server.ask("example.", rrtype::IXFR);
  ASSERT_EQ(d.answer.size(), 1U);
  EXPECT_NE(d.answer[0].find("SOA"), std::string::npos);
}

TEST_F(Respond, AMalformedQuestionIsAnsweredByAHeaderAlone) {
  QueryBytes q("www.example.", rrtype::A);
  q.bytes.resize(20);
  const Decoded d = server.ask(q);
  EXPECT_EQ(d.rcode, 1U);
  EXPECT_EQ(d.questions, 0U);
  EXPECT_EQ(d.size, 12U);
}

TEST_F(Respond, ChaosTextIsTheOperators) {
  QueryBytes id("id.server.", rrtype::TXT), version("VERSION.bind.", rrtype::TXT), other("x.bind.", rrtype::TXT);
  for (QueryBytes* q : {&id, &version, &other}) q->bytes[q->bytes.size() - 1] = 3;
  EXPECT_NE(server.ask(id).answer.at(0).find("node1.test"), std::string::npos);
  EXPECT_NE(server.ask(version).answer.at(0).find("axfrd"), std::string::npos);
  EXPECT_EQ(server.ask(other).rcode, 5U);
}

TEST_F(Respond, OfClassesThereAreInternetChaosAndAnyOfThem) {
  const auto ask = [&](uint16_t qclass) {
    QueryBytes q("web.example.", rrtype::A);
    store16(reinterpret_cast<uint8_t*>(q.bytes.data()) + q.bytes.size() - 2, qclass);
    return server.ask(q);
  };
  EXPECT_EQ(ask(rrclass::ANY).answer, ask(rrclass::IN).answer);
  EXPECT_FALSE(ask(rrclass::ANY).aa);
  for (const uint16_t other : std::initializer_list<uint16_t>{0, 3, 4, 254}) EXPECT_EQ(ask(other).rcode, 5U) << other;
}

TEST_F(Respond, WritesNoOctetBeyondTheCapacity) {
  for (const char* qname : {"big.example.", "x.fat.example.", "www.example.", "nx.example.", "y.x.wild.example."}) {
    for (const uint16_t type : {rrtype::A, rrtype::MX, rrtype::SOA}) {
      QueryBytes q(qname, type);
      q.edns(4096, false, 0, edns_option(option::NSID) + edns_option(option::COOKIE, "clients."));
      for (unsigned capacity = static_cast<unsigned>(q.bytes.size()); capacity < 700; ++capacity) {
        q.parse();
        q.query.capacity = capacity;
        q.buffer[capacity] = 0xA5;
        const unsigned size = server.responder.respond(q.query);
        ASSERT_LE(size, capacity);
        ASSERT_EQ(q.buffer[capacity], 0xA5);
        ASSERT_NO_THROW(Decoded::read({q.buffer.data(), size}));
      }
    }
  }
}

TEST_F(Respond, AZoneWithoutApexDataStillHasItsSoa) {
  server.load("bare.", "@ 60 SOA ns admin 1 2 3 4 5\nx.y A 192.0.2.1\n");
  EXPECT_EQ(server.ask("bare.", rrtype::SOA).answer.size(), 1U);
  EXPECT_EQ(server.ask("bare.", rrtype::A).authority.size(), 1U);
  EXPECT_EQ(server.ask("y.bare.", rrtype::A).rcode, 0U);  // an empty non-terminal
  EXPECT_EQ(server.ask("z.bare.", rrtype::A).rcode, 3U);
}

TEST_F(Respond, ADnameGivesACnameOfItsTtl) {
  server.load("dname.", "$TTL 60\n@ SOA ns.x. a.x. 1 2 3 4 5\nold 7 DNAME new\nnew TXT t\nwww.new A 192.0.2.1\n");
  const Decoded d = server.ask("www.old.dname.", rrtype::A);
  ASSERT_EQ(d.answer.size(), 3U);
  EXPECT_EQ(d.answer[0], "old.dname.\t7\tIN\tDNAME\tnew.dname.");
  EXPECT_EQ(d.answer[1], "www.old.dname.\t7\tIN\tCNAME\twww.new.dname.");
  EXPECT_EQ(d.answer[2], "www.new.dname.\t60\tIN\tA\t192.0.2.1");
  EXPECT_EQ(server.ask("old.dname.", rrtype::A).answer.size(), 0U);  // it stands for what is below it alone
  EXPECT_EQ(server.ask("www.old.dname.", rrtype::CNAME).answer.size(), 2U);
}

TEST_F(Respond, ADnameThatMakesANameTooLongIsYxdomain) {
  const std::string label(63, 'x');
  server.load("long.", "$TTL 60\n@ SOA ns.x. a.x. 1 2 3 4 5\nold DNAME " + label + "." + label + "." + label + "\n");
  const Decoded fits = server.ask(std::string(56, 'a') + ".old.long.", rrtype::A, Transport::tcp);
  EXPECT_EQ(fits.rcode, 3U);
  EXPECT_EQ(fits.answer.size(), 2U);
  const Decoded d = server.ask(std::string(57, 'a') + ".old.long.", rrtype::A);
  EXPECT_EQ(d.rcode, 6U);  // RFC 6672 section 2.2
  EXPECT_EQ(d.answer.size(), 1U);
}

TEST_F(Respond, ADnameToBelowItselfIsFollowedOnce) {
  server.load("grow.", "$TTL 60\n@ SOA ns.x. a.x. 1 2 3 4 5\nx DNAME y.x\n");
  const Decoded d = server.ask("a.x.grow.", rrtype::A);
  EXPECT_EQ(d.answer.size(), 2U);
  EXPECT_EQ(d.rcode, 0U);
}

TEST_F(Respond, NamesUnderATopLevelDomainAreRightBehindAChainToAnotherZoneOfIt) {
  server.load("co.uk.", "$TTL 60\n@ SOA ns.x. a.x. 1 2 3 4 5\nwww CNAME shop\nshop NS ns.shop\n");
  server.load("shop.co.uk.", "$TTL 60\n@ SOA ns.uk. admin.co.uk. 1 2 3 4 5\n@ MX 10 mail.uk.\n@ MX 20 shop.co.uk.\n");
  const Decoded d = server.ask("www.co.uk.", rrtype::MX);
  ASSERT_EQ(d.answer.size(), 3U);
  // In the message, "shop" is followed by a pointer to "co.uk.".
  EXPECT_EQ(d.answer[1], "shop.co.uk.\t60\tIN\tMX\t10 mail.uk.");
  EXPECT_EQ(d.answer[2], "shop.co.uk.\t60\tIN\tMX\t20 shop.co.uk.");
  EXPECT_EQ(server.ask("www.co.uk.", rrtype::A).authority,
            std::vector<std::string>{"shop.co.uk.\t5\tIN\tSOA\tns.uk. admin.co.uk. 1 2 3 4 5"});
}

TEST_F(Respond, ADnameThatIsInTheAnswerIsNotAddedAgainWhenItIsAskedFor) {  // RFC 2181 section 5
  server.load("up.", "$TTL 60\n@ SOA ns.x. a.x. 1 2 3 4 5\nx DNAME up.\nx RRSIG DNAME 13 2 60 1 1 1 up. aaaa\n");
  for (const uint16_t type : {rrtype::DNAME, rrtype::RRSIG}) {
    QueryBytes q("x.x.up.", type);
    const Decoded d = server.ask(q.edns(1232, true));
    EXPECT_EQ(d.answer.size(), 3U) << type;  // with its RRSIG, and the CNAME
  }
}

TEST_F(Respond, TheRootZoneAnswers) {
  server.load(".",
              "$TTL 60\n. SOA a.root. b.root. 1 2 3 4 5\n. NS a.root.\ncom. NS a.gtld.com.\na.gtld.com. A 192.0.2.1\n");
  EXPECT_EQ(server.ask(".", rrtype::SOA).answer.size(), 1U);
  const Decoded d = server.ask("www.foo.com.", rrtype::A);
  EXPECT_EQ(d.authority.size(), 1U);
  EXPECT_EQ(d.additional.size(), 1U);
  EXPECT_EQ(server.ask("nx.", rrtype::A).rcode, 3U);
}

}  // namespace
}  // namespace axfrd::zones::test

#include "zones/zonefile.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

const std::string kApexRecords = "$TTL 3600\n@ IN SOA ns hostmaster 1 3600 900 604800 300\n@ NS ns\n";

std::multiset<std::string> parse(const std::string& text) {
  return records_of(*zone_of("example.", kApexRecords + text));
}

bool contains(const std::multiset<std::string>& set, const std::string& line) { return set.contains(line); }

TEST(ZoneFile, ReadsTheCommonTypes) {
  const auto records = parse(
      "www A 192.0.2.1\n"
      "www 60 IN AAAA 2001:db8::1\n"
      "mail IN 120 MX 10 mx.example.net.\n"
      "_sip._tcp SRV 1 2 5060 sip\n"
      "@ CAA 0 issue \"ca.example\"\n"
      "svc HTTPS 1 . alpn=h2\n"
      "txt TXT \"with ; semicolon (and parens)\" second\n");
  EXPECT_TRUE(contains(records, "www.example.\t3600\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(contains(records, "www.example.\t60\tIN\tAAAA\t2001:db8::1"));
  EXPECT_TRUE(contains(records, "mail.example.\t120\tIN\tMX\t10 mx.example.net."));
  EXPECT_TRUE(contains(records, "_sip._tcp.example.\t3600\tIN\tSRV\t1 2 5060 sip.example."));
  EXPECT_TRUE(contains(records, "txt.example.\t3600\tIN\tTXT\t\"with ; semicolon (and parens)\" \"second\""));
  EXPECT_EQ(records.size(), 8U);
}

TEST(ZoneFile, JoinsLinesInParenthesesAndDropsComments) {
  const auto records = parse(
      "a TXT ( one ; first\n"
      "        two\n"
      "      ) ; done\n"
      "; a line of comment\n"
      "\n"
      "   A 192.0.2.7 ; same owner\n");
  EXPECT_TRUE(contains(records, "a.example.\t3600\tIN\tTXT\t\"one\" \"two\""));
  EXPECT_TRUE(contains(records, "a.example.\t3600\tIN\tA\t192.0.2.7"));
}

TEST(ZoneFile, FollowsOriginAndTtlDirectives) {
  const auto records = parse(
      "$ORIGIN sub\n"
      "$TTL 1h30m\n"
      "@ A 192.0.2.1\n"
      "x A 192.0.2.2\n"
      "$ORIGIN deep.example.\n"
      "y CNAME @\n");
  EXPECT_TRUE(contains(records, "sub.example.\t5400\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(contains(records, "x.sub.example.\t5400\tIN\tA\t192.0.2.2"));
  EXPECT_TRUE(contains(records, "y.deep.example.\t5400\tIN\tCNAME\tdeep.example."));
}

TEST(ZoneFile, ReadsUnknownTypesByNumber) {
  const auto records = parse("x TYPE65280 \\# 4 0a000001\nx CLASS1 TYPE65281 \\# 0\n");
  EXPECT_EQ(records.size(), 3U);
}

TEST(ZoneFile, ReadsOctetsOfTypesThatItKnows) {
  const auto records = parse("a A \\# 4 c0 00 0201\na TYPE257 \\# 8 000569737375652D\na TYPE60 \\# 5 0101030d00\n");
  EXPECT_TRUE(contains(records, "a.example.\t3600\tIN\tA\t192.0.2.1"));
}

TEST(ZoneFile, RefusesOctetsThatAreNotWhatTheySay) {
  const auto why = [](const std::string& record) { return refusal("example.", kApexRecords + "a " + record + "\n"); };
  EXPECT_NE(why("TYPE65280 \\# 2 00").find("2 octets are 4 hexadecimal digits"), std::string::npos);
  EXPECT_NE(why("TYPE60 \\# 00 00").find("0 octets are 0 hexadecimal digits"), std::string::npos);
  EXPECT_NE(why("TYPE65280 \\# 2 00x0").find("'x0' is no octet"), std::string::npos);
  EXPECT_NE(why("TYPE65280 \\# 1 -1").find("'-1' is no octet"), std::string::npos);
  for (const std::string malformed : {"TYPE257 \\# 3 006361", "TYPE60 \\# 1 00", "A \\# 3 010203", "MX \\# 2 0001"})
    EXPECT_NE(why(malformed).find("form of its type"), std::string::npos) << malformed;
}

TEST(ZoneFile, TakesANumberSignBehindABackslashForItself) {
  EXPECT_TRUE(contains(parse("a TXT x \\#y\n"), "a.example.\t3600\tIN\tTXT\t\"x\" \"#y\""));
  EXPECT_FALSE(refusal("example.", kApexRecords + "a CAA 0 \\# e \"ca\"\n").empty());
}

TEST(ZoneFile, RefusesANameThatIsTooLongWithItsOrigin) {
  const std::string label(60, 'a'), origin = "$ORIGIN " + label + "." + label + "." + label + ".example.\n";
  for (const std::string type : {"NS", "MX 1", "SRV 1 2 3", "NSEC", "RP .", "PTR"}) {
    const std::string rest = type == "NSEC" ? " A\n" : "\n";
    const auto text = [&](size_t size) {
      return kApexRecords + origin + "x " + type + " " + std::string(size, 'b') + rest;
    };
    EXPECT_TRUE(zone_of("example.", text(60))) << type;
    EXPECT_NE(refusal("example.", text(63)).find("255"), std::string::npos) << type;
  }
}

TEST(ZoneFile, RefusesNumbersThatOnlyBeginLikeOne) {
  EXPECT_EQ(type_from_text("TYPE65x280"), 0);
  EXPECT_EQ(type_from_text("TYPE65601"), 0);
  EXPECT_EQ(type_from_text("type65535"), 65535);
  EXPECT_NE(refusal("example.", kApexRecords + "a TYPE65x280 \\# 3 00ff41\n").find("no record type 'TYPE65x280'"),
            std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + "a TYPE65 \\# x 00ff41\n").find("number of octets"), std::string::npos);
}

TEST(ZoneFile, RefusesNumbersThatDoNotFitTheirField) {
  const auto why = [](const std::string& record) { return refusal("example.", kApexRecords + "a " + record + "\n"); };
  EXPECT_NE(why("MX 65536 b").find("MX 65536 b: '65536' is not a number from 0 to 65535"), std::string::npos);
  for (const std::string record :
       {"MX -1 b", "MX +1 b", "MX 0x1 b", "SRV 1 2 65536 b", "DS 1 256 2 00", "TLSA 256 1 1 00", "CAA 256 issue \"x\"",
        "CERT 65536 1 1 AAAA", "CERT -0 1 1 AAAA", "CERT 1 1 256 AAAA", "NAPTR 1 65536 \"\" \"\" \"\" .",
        "URI 65536 1 \"x\"", "CSYNC 4294967296 1 A", "TYPE15 65536 b", "HTTPS 1 . port=65536",
        "IPSECKEY 256 0 2 . AAAA"}) {
    EXPECT_NE(why(record).find("is not a number from 0 to "), std::string::npos) << record << ": " << why(record);
  }
  EXPECT_NE(refusal("example.", "@ 60 SOA ns admin 4294967296 2 3 4 5\n@ NS ns\n").find("4294967295"),
            std::string::npos);
  EXPECT_NE(refusal("example.", "@ 60 SOA ns admin 1 2 3 4294967296 5\n@ NS ns\n").find("not a time"),
            std::string::npos);
  const auto records = parse("a MX 65535 b\na MX 007 c\na DS 1 RSASHA256 2 " + std::string(64, '0') +
                             "\na CERT PKIX 1 RSASHA1 AAAA\na NSEC3PARAM 1 0 65535 -\n");
  EXPECT_TRUE(contains(records, "a.example.\t3600\tIN\tMX\t65535 b.example."));
  EXPECT_TRUE(contains(records, "a.example.\t3600\tIN\tMX\t7 c.example."));
}

TEST(ZoneFile, RefusesTypesThatDoNotExistWithinData) {
  for (const std::string record :
       {"NSEC b A FOO", "NSEC b TYPE65536", "RRSIG FOO 8 2 60 20300101000000 20200101000000 1 b AAAA"})
    EXPECT_NE(refusal("example.", kApexRecords + "a " + record + "\n").find("there is no record type"),
              std::string::npos)
        << record;
  EXPECT_TRUE(contains(parse("a NSEC b a TYPE65535\n"), "a.example.\t3600\tIN\tNSEC\tb.example. A TYPE65535"));
}

TEST(ZoneFile, RefusesHashesThatArePadded) {
  const std::string hash = "0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM";
  EXPECT_EQ(parse("a NSEC3 1 0 0 - " + hash + " A\n").size(), 2U);
  for (const std::string& padded : {hash + "=", "=" + hash, std::string("=")})
    EXPECT_NE(refusal("example.", kApexRecords + "a NSEC3 1 0 0 - " + padded + " A\n").find("RFC 5155 section 3.3"),
              std::string::npos)
        << padded;
}

TEST(ZoneFile, ReadsServiceBindingsAndKeysThatAreSplit) {
  const auto records =
      parse("a HTTPS 1 . alpn=\"h2,h3\" port=8443 ipv4hint=192.0.2.1\nb IPSECKEY 1 1 2 192.0.2.1 AAAA AAAA\n");
  EXPECT_EQ(records.size(), 3U);
  EXPECT_TRUE(contains(records, "b.example.\t3600\tIN\tIPSECKEY\t1 1 2 192.0.2.1 AAAAAAAA"));
}

TEST(ZoneFile, ReadsEachKindOfIpseckey) {
  for (const std::string data :
       {"0 0 2 . AAAA", "255 1 2 192.0.2.1 AAAA", "1 2 2 2001:db8::1 AAAA", "1 3 2 gw.test. AAAA"})
    EXPECT_TRUE(contains(parse("a IPSECKEY " + data + "\n"), "a.example.\t3600\tIN\tIPSECKEY\t" + data)) << data;
  EXPECT_EQ(parse("a IPSECKEY 1 0 0 .\nb IPSECKEY 1 3 2 gw AAAA\n").size(), 3U);
  const auto why = [](const std::string& data) {
    return refusal("example.", kApexRecords + "a IPSECKEY " + data + "\n");
  };
  EXPECT_NE(why("1 4 2 x AAAA").find("a gateway of type 4"), std::string::npos);
  EXPECT_NE(why("1 0 2 x AAAA").find("written '.'"), std::string::npos);
  for (const std::string data :
       {"", "1", "1 1 2", "1 1 2 x AAAA", "1 1 2 192.0.2.1", "1 1 2 192.0.2.1 =", "1 3 2 a..b AAAA"})
    EXPECT_FALSE(why(data).empty()) << data;
}

TEST(ZoneFile, RefusesFieldsThatAreEmpty) {
  EXPECT_NE(refusal("example.", kApexRecords + "a NSAP 0x\n").find("empty"), std::string::npos);
}

TEST(ZoneFile, ReadsAReservedTypeOfCertificateAsOthersDo) {
  const auto version = zone_of("example.", kApexRecords + "a CERT 0 1 2 AAAA\na CERT 000 3 4 AAAA\n");
  const auto records = records_of(*version);
  EXPECT_TRUE(contains(records, "a.example.\t3600\tIN\tCERT\t0 1 2 AAAA"));
  EXPECT_TRUE(contains(records, "a.example.\t3600\tIN\tCERT\t0 3 4 AAAA"));
  std::string text = kApexRecords;
  for (const std::string& record : records) text += record + "\n";
  EXPECT_EQ(records_of(*zone_of("example.", text)), records);
}

TEST(ZoneFile, KeepsAliasAndUrlApartFromTheRecords) {
  auto parsed = parse_zone(kApexRecords + "@ 120 ALIAS target.example.net.\nwww URL \"https://example.org/?a=1;b=2\"\n",
                           name("example."), "f");
  ASSERT_TRUE(std::holds_alternative<ZoneText>(parsed));
  const auto& zone = std::get<ZoneText>(parsed);
  ASSERT_EQ(zone.pseudo.size(), 2U);
  EXPECT_EQ(zone.pseudo[0].target, "target.example.net.");
  EXPECT_EQ(zone.pseudo[0].ttl, 120U);
  EXPECT_EQ(zone.pseudo[1].target, "https://example.org/?a=1;b=2");
  EXPECT_EQ(zone.records.size(), 2U);
}

TEST(ZoneFile, TakesTheLastStatedTtlAndTheSoaMinimumWithoutDirective) {
  const auto version = zone_of("example.", "@ SOA ns admin 1 2 3 4 777\n@ NS ns\na 5 A 192.0.2.1\nb A 192.0.2.2\n");
  const auto records = records_of(*version);
  EXPECT_TRUE(contains(records, "example.\t777\tIN\tNS\tns.example."));
  EXPECT_TRUE(contains(records, "b.example.\t5\tIN\tA\t192.0.2.2"));
}

TEST(ZoneFile, RefusesWithFileLineAndReason) {
  const auto why = [](const std::string& text) { return refusal("example.", kApexRecords + text); };
  EXPECT_EQ(why("www A 192.0.2.300\n").substr(0, 12), "test.zone:4:");
  EXPECT_NE(why("\n\nwww BOGUS x\n").find("test.zone:6:"), std::string::npos);
  EXPECT_NE(why("a TXT (\n").find("never closed"), std::string::npos);
  EXPECT_NE(why("a TXT \"x\n").find("quotation mark"), std::string::npos);
  EXPECT_NE(why("a A 192.0.2.1 )\n").find("parenthesis"), std::string::npos);
  EXPECT_NE(why("$INCLUDE /etc/passwd\n").find("$INCLUDE is not allowed"), std::string::npos);
  EXPECT_NE(why("$GENERATE 1-9 a A 1.2.3.4\n").find("not known"), std::string::npos);
  EXPECT_NE(why("www.example.net. A 192.0.2.1\n").find("is not in the zone example."), std::string::npos);
  EXPECT_NE(why("a..b A 192.0.2.1\n").find("is not a domain name"), std::string::npos);
  EXPECT_NE(why("a CH A 192.0.2.1\n").find("class CH"), std::string::npos);
  EXPECT_NE(why("a 99999999999 A 192.0.2.1\n").find("TTL"), std::string::npos);
  EXPECT_NE(why("a ALIAS t.\na AAAA ::1\n").find("test.zone:5: a.example. has an ALIAS or URL"), std::string::npos);
  EXPECT_NE(why("a ALIAS a\n").find("an ALIAS to itself"), std::string::npos);
  EXPECT_NE(why("a URL ftp://x\n").find("http://"), std::string::npos);
  EXPECT_NE(why("a A\n").find("test.zone:4:"), std::string::npos);
  EXPECT_NE(why("a\n").find("no type"), std::string::npos);
  EXPECT_NE(why("a OPT \\# 0\n").find("not a type of data"), std::string::npos);
}

TEST(ZoneFile, RefusesWhatIsNoZone) {
  EXPECT_NE(refusal("example.", "").find("no SOA"), std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + "@ SOA other admin 2 3 4 5 6\n").find("second SOA"), std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + "sub SOA ns admin 2 3 4 5 6\n").find("below the apex"),
            std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + "a CNAME b\na A 192.0.2.1\n").find("CNAME and other data"),
            std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + "@ CNAME b\n").find("CNAME and other data"), std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + "a CNAME b\nA CNAME c\n").find("more than one CNAME"),
            std::string::npos);
  EXPECT_NE(refusal("example.", "@ SOA ns admin 1 2 3 4 5\n").find(""), std::string::npos);
}

TEST(ZoneFile, RefusesARecordThatNoMessageCanHold) {
  std::string text = kApexRecords + "big TXT";
  for (int i = 0; i < 256; ++i) text += " \"" + std::string(255, 'x') + "\"";
  EXPECT_NE(refusal("example.", text + "\n").find("hold"), std::string::npos);
}

TEST(ZoneFile, RefusesAnRrsetThatNoMessageCanHold) {
  std::string text = kApexRecords;
  for (int i = 0; i < 300; ++i) text += "big TXT \"" + std::string(230, 'x') + std::to_string(i) + "\"\n";
  EXPECT_NE(refusal("example.", text).find("larger than any DNS message"), std::string::npos);
}

TEST(ZoneFile, DropsDuplicatesAndLevelsTtls) {
  const auto records = parse("a 60 A 192.0.2.1\nA 60 A 192.0.2.1\na 30 A 192.0.2.2\n");
  EXPECT_EQ(records.size(), 3U);
  EXPECT_TRUE(contains(records, "a.example.\t30\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(contains(records, "a.example.\t30\tIN\tA\t192.0.2.2"));
}

// What ldns prints of these, it would not read again, or we would not.
TEST(ZoneFile, WhatIsHardToPrintIsReadAsItWas) {
  for (const char* line : {"\\$ORIGIN A 192.0.2.1", "\\\"a CNAME \\\"b", "a CAA 0 issue \"\"", "@ ALIAS t\\\\."}) {
    const auto exported = [](const std::string& text) {
      auto parsed = parse_zone(text, name("example."), "f");
      if (const auto* error = std::get_if<ZoneFileError>(&parsed)) return error->to_text();
      auto& zone = std::get<ZoneText>(parsed);
      const auto pseudo = std::make_shared<const std::vector<PseudoRecord>>(zone.pseudo);
      std::string all;
      export_zone(*ZoneVersion::build(zone.records, {pseudo}), [&](auto out) { all.append(out).append("\n"); });
      return all;
    };
    const std::string once = exported(kApexRecords + line + "\n");
    EXPECT_EQ(exported(once), once) << line;
    EXPECT_NE(once.find('\t'), std::string::npos) << once;
  }
  EXPECT_NE(refusal("example.", kApexRecords + "u URL https://a/\\b\n").find("backslash"), std::string::npos);
}

TEST(ZoneFile, PrintsTypesByTheirNames) {
  for (const std::string record : {"CAA\t0 issue \"ca.example.net\"", "CAA\t128 iodef \";\"", "URI\t10 1 \"ftp://x/\"",
                                   "HINFO\t\"a\" \"b\"", "X25\t\"1\"", "HTTPS\t1 . alpn=h2,h3 port=443"})
    EXPECT_TRUE(contains(parse("a " + record + "\n"), "a.example.\t3600\tIN\t" + record)) << record;
}

// ldns takes these octets for an APL record, and cannot print it.
TEST(ZoneFile, WhatLdnsCannotPrintIsPrintedAsOctets) {
  const Name owner = name("a.example.");
  const std::array<uint8_t, 4> rdata{0xC0, 0, 2, 9};
  EXPECT_EQ(record_to_text({owner, 42, 60, rdata}), "a.example.\t60\tIN\tTYPE42\t\\# 4 c0000209");
}

TEST(ZoneFile, ExportParsesToTheSameZone) {
  const std::string text =
      kApexRecords + "www A 192.0.2.1\n*.w\\.x TXT \"q\\\"uote\" \\\\back\nd DS 1 13 2 " + std::string(64, 'a') +
      "\nCaSe.Name MX 5 Mail.Example.\nu TYPE65280 \\# 3 010203\n@ 60 ALIAS t.test.\nr URL \"http://x/\"\n";
  auto parsed = parse_zone(text, name("example."), "f");
  ASSERT_TRUE(std::holds_alternative<ZoneText>(parsed)) << std::get<ZoneFileError>(parsed).to_text();
  auto& zone = std::get<ZoneText>(parsed);
  const auto version =
      ZoneVersion::build(zone.records, {std::make_shared<const std::vector<PseudoRecord>>(zone.pseudo)});
  std::string exported;
  export_zone(*version, [&](std::string_view line) { exported.append(line).append("\n"); });
  auto again = parse_zone(exported, name("example."), "f");
  ASSERT_TRUE(std::holds_alternative<ZoneText>(again)) << std::get<ZoneFileError>(again).to_text() << exported;
  auto& zone2 = std::get<ZoneText>(again);
  EXPECT_EQ(records_of(*ZoneVersion::build(zone2.records)), records_of(*version));
  EXPECT_EQ(zone2.pseudo.size(), 2U);
}

}  // namespace
}  // namespace axfrd::zones::test

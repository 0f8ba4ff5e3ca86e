#include "zones/text/rdata_reader.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"
#include "zones/data/stored_check.h"

namespace axfrd::zones::test {
namespace {

// Why a zone with that record is refused.
std::string why(const std::string& record) { return refusal("example.", kApexRecords + "a " + record + "\n"); }

TEST(Rdata, ReadsOctetsOfTypesThatItKnows) {
  const auto records = parse("a A \\# 4 c0 00 0201\na TYPE257 \\# 8 000569737375652D\na TYPE60 \\# 5 0101030d00\n");
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tA\t192.0.2.1"));
}

TEST(Rdata, RefusesOctetsThatAreNotWhatTheySay) {
  EXPECT_NE(why("TYPE65280 \\# 2 00").find("2 octets are 4 hexadecimal digits"), std::string::npos);
  EXPECT_NE(why("TYPE60 \\# 00 00").find("0 octets are 0 hexadecimal digits"), std::string::npos);
  EXPECT_NE(why("TYPE65280 \\# 2 00x0").find("'x0' is no octet"), std::string::npos);
  EXPECT_NE(why("TYPE65280 \\# 1 -1").find("'-1' is no octet"), std::string::npos);
  for (const std::string malformed : {"TYPE257 \\# 3 006361", "TYPE60 \\# 1 00", "A \\# 3 010203", "MX \\# 2 0001"})
    EXPECT_FALSE(why(malformed).empty()) << malformed;
}

TEST(Rdata, TakesANumberSignBehindABackslashForItself) {
  EXPECT_TRUE(parse("a TXT x \\#y\n").contains("a.example.\t3600\tIN\tTXT\t\"x\" \"#y\""));
  EXPECT_FALSE(why("CAA 0 \\# e \"ca\"").empty());
}

TEST(Rdata, RefusesANameThatIsTooLongWithItsOrigin) {
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

TEST(Rdata, RefusesNumbersThatOnlyBeginLikeOne) {
  EXPECT_EQ(type_from_text("TYPE65x280"), 0);
  EXPECT_EQ(type_from_text("TYPE65601"), 0);
  EXPECT_EQ(type_from_text("type65535"), 65535);
  EXPECT_NE(why("TYPE65x280 \\# 3 00ff41").find("no record type 'TYPE65x280'"), std::string::npos);
  EXPECT_NE(why("TYPE65 \\# x 00ff41").find("number of octets"), std::string::npos);
}

TEST(Rdata, RefusesNumbersThatDoNotFitTheirField) {
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
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tMX\t65535 b.example."));
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tMX\t7 c.example."));
}

TEST(Rdata, RefusesTypesThatDoNotExistWithinData) {
  for (const std::string record :
       {"NSEC b A FOO", "NSEC b TYPE65536", "RRSIG FOO 8 2 60 20300101000000 20200101000000 1 b AAAA"})
    EXPECT_NE(why(record).find("there is no record type"), std::string::npos) << record;
  EXPECT_TRUE(parse("a NSEC b a TYPE65535\n").contains("a.example.\t3600\tIN\tNSEC\tb.example. A TYPE65535"));
}

// The octets are BIND's.
TEST(Rdata, ReadsPlacesWithAndWithoutSecondsAndSizes) {
  const auto is = [](const std::string& place, const std::string& octets) {
    const auto records = parse("a LOC " + place + "\nb LOC \\# 16 " + octets + "\n");
    ASSERT_EQ(records.size(), 3U) << place;
    const auto data = [](const std::string& record) { return record.substr(record.find("LOC")); };
    std::set<std::string> places;
    for (const std::string& record : records) {
      if (record.find("LOC") != std::string::npos) places.insert(data(record));
    }
    EXPECT_EQ(places.size(), 1U) << place << ": " << *places.begin() << " and " << *places.rbegin();
  };
  is("52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "000016138b3cf018810cbce0009895b8");
  is("52 22 23 n 4 53 e -2 0 10000", "000016138b3cf018810c3fe0009895b8");
  is("1 2 3 N 5 6 E 7m 8m 9m", "008292138038cef8811826c00098993c");
  is("1 2 3 N 4 5 6 E 7m 8m 9m 1", "008292128038cef880e065500098993c");
  is("1 2 N 3 4 E 5", "001216138038c34080a8750000989874");
  is("90 S 180 W -100000", "001216136cb0270059604e0000000000");
}

TEST(Rdata, RefusesPlacesThatAreNotOnEarth) {
  for (const std::string place :
       {"91 N 1 E 0", "90 0 1 N 1 E 0", "1 60 N 1 E 0", "1 1 60 N 1 E 0", "1 1 1.0001 N 1 E 0", "1 1.5 N 1 E 0",
        "1 2 3 4 N 1 E 0", "-1 N 1 E 0", "1 E 1 N 0", ""})
    EXPECT_NE(why("LOC " + place).find("a latitude is"), std::string::npos) << place << ": " << why("LOC " + place);
  for (const std::string place : {"1 N 181 E 0", "1 N 1 N 0", "1 N"})
    EXPECT_NE(why("LOC " + place).find("a longitude is"), std::string::npos) << place << ": " << why("LOC " + place);
  for (const std::string place :
       {"1 N 1 E", "1 N 1 E x", "1 N 1 E -100000.01", "1 N 1 E 42849672.96", "1 N 1 E 1.001m"})
    EXPECT_NE(why("LOC " + place).find("an altitude is"), std::string::npos) << place << ": " << why("LOC " + place);
  EXPECT_NE(why("LOC 1 N 1 E 0 90000000.01").find("sizes are"), std::string::npos);
  EXPECT_NE(why("LOC 1 N 1 E 0 1 2 AXFR").find("sizes are"), std::string::npos);
  EXPECT_NE(why("LOC 1 N 1 E 0 1 2 3 4").find("nothing stands behind"), std::string::npos);
}

TEST(Rdata, ReadsServicesOfAProtocol) {
  const auto records = parse("a WKS 192.0.2.1 TCP 25 0 9\nb WKS 192.0.2.1 17 Domain\nc WKS 192.0.2.1 89\n");
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tTYPE11\t\\# 9 c00002010680400040"));
  EXPECT_TRUE(records.contains("b.example.\t3600\tIN\tTYPE11\t\\# 12 c00002011100000000000004"));
  EXPECT_TRUE(records.contains("c.example.\t3600\tIN\tTYPE11\t\\# 5 c000020159"));
}

TEST(Rdata, RefusesServicesAndProtocolsThatItDoesNotKnow) {
  for (const std::string service : {"nonsense", "65536", "-1", "0x19"})
    EXPECT_NE(why("WKS 192.0.2.1 tcp " + service).find("'" + service + "'; write its number"), std::string::npos);
  for (const std::string protocol : {"", "256", "icmp"})
    EXPECT_NE(why("WKS 192.0.2.1 " + protocol).find("neither tcp, udp"), std::string::npos) << protocol;
  EXPECT_FALSE(why("WKS ::1 tcp 25").empty());
}

TEST(Rdata, ReadsAValueOfCaaWithoutQuotes) {
  EXPECT_TRUE(parse("a CAA 0 issue ca.test\n").contains("a.example.\t3600\tIN\tCAA\t0 issue \"ca.test\""));
}

TEST(Rdata, RefusesAnOddNumberOfHexadecimalDigits) {
  for (const std::string record : {"DS 1 13 2 000", "TLSA 3 1 1 0", "SSHFP 1 1 00 0", "ZONEMD 1 1 1 00000"})
    EXPECT_NE(why(record).find("odd number"), std::string::npos) << record;
  EXPECT_EQ(parse("a DS 1 13 2 0 0 " + std::string(62, '0') + "\n").size(), 2U);
}

TEST(Rdata, RefusesQuotationMarksInNamesAndWithinTexts) {
  for (const std::string record : {"MX 10 \"mail\"", "CNAME \"\"", "HTTPS 0 \"b\"", "NS ns\"1\""})
    EXPECT_NE(why(record).find("a name does not stand in quotes"), std::string::npos) << record;
  for (const std::string record : {"TXT a\"b\"", "CAA 0 issue a\"b\"", "HINFO a\" \" b"})
    EXPECT_NE(why(record).find("a quotation mark within"), std::string::npos) << record;
  EXPECT_EQ(parse("a TXT \"a\"\"b\" c\\\"d\nb CNAME a\\\"b\n").size(), 3U);
}

TEST(Rdata, RefusesTimesOfSignaturesThatAreNone) {
  const auto signature = [](const std::string& time) {
    return "a RRSIG A 13 2 60 20300101000000 " + time + " 1 example. AAAA\n";
  };
  for (const std::string time : {"2020010100000", "202001010000000", "20201301000000", "4294967296", "1h", "-1"})
    EXPECT_FALSE(refusal("example.", kApexRecords + signature(time)).empty()) << time;
  EXPECT_EQ(parse(signature("1577836800")), parse(signature("20200101000000")));
}

TEST(Rdata, RefusesPrefixesAndParametersThatCannotBe) {
  for (const std::string prefix : {"1:192.0.2.0/33", "2:::/129", "1:192.0.2.0", "1,:192.0.2.0/24", "2.2001:db8::/32"})
    EXPECT_NE(why("APL " + prefix).find("/BITS"), std::string::npos) << prefix << ": " << why("APL " + prefix);
  EXPECT_NE(why("HTTPS 1 . alpn=h2 alpn=h3").find("stands twice"), std::string::npos);
  EXPECT_NE(why("HTTPS 1 . alpn=h2 key1=h3").find("stands twice"), std::string::npos);
  EXPECT_NE(why("HTTPS 1 . mandatory=port alpn=h2").find("mandatory is missing"), std::string::npos);
  EXPECT_NE(why("HTTPS 1 . port").find("port has 2 octets"), std::string::npos);
  EXPECT_NE(why("HIP 1m 2001 AAAA").find("not a number"), std::string::npos);
}

TEST(Rdata, RefusesHashesThatArePadded) {
  const std::string hash = "0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM";
  EXPECT_EQ(parse("a NSEC3 1 0 0 - " + hash + " A\n").size(), 2U);
  for (const std::string& padded : {hash + "=", "=" + hash, std::string("=")})
    EXPECT_NE(why("NSEC3 1 0 0 - " + padded + " A").find("RFC 5155 section 3.3"), std::string::npos) << padded;
}

TEST(Rdata, ReadsServiceBindingsAndKeysThatAreSplit) {
  const auto records =
      parse("a HTTPS 1 . alpn=\"h2,h3\" port=8443 ipv4hint=192.0.2.1\nb IPSECKEY 1 1 2 192.0.2.1 AAAA AAAA\n");
  EXPECT_EQ(records.size(), 3U);
  EXPECT_TRUE(records.contains("b.example.\t3600\tIN\tIPSECKEY\t1 1 2 192.0.2.1 AAAAAAAA"));
}

TEST(Rdata, ReadsEachKindOfIpseckey) {
  for (const std::string data :
       {"0 0 2 . AAAA", "255 1 2 192.0.2.1 AAAA", "1 2 2 2001:db8::1 AAAA", "1 3 2 gw.test. AAAA"})
    EXPECT_TRUE(parse("a IPSECKEY " + data + "\n").contains("a.example.\t3600\tIN\tIPSECKEY\t" + data)) << data;
  EXPECT_EQ(parse("a IPSECKEY 1 0 0 . AAAA\nb IPSECKEY 1 3 2 gw AAAA\n").size(), 3U);
  EXPECT_NE(why("IPSECKEY 1 0 0 .").find("BIND takes no IPSECKEY without one"), std::string::npos);
  EXPECT_NE(why("IPSECKEY 1 4 2 x AAAA").find("a gateway of type 4"), std::string::npos);
  EXPECT_NE(why("IPSECKEY 1 0 2 x AAAA").find("written '.'"), std::string::npos);
  for (const std::string data :
       {"", "1", "1 1 2", "1 1 2 x AAAA", "1 1 2 192.0.2.1", "1 1 2 192.0.2.1 =", "1 3 2 a..b AAAA"})
    EXPECT_FALSE(why("IPSECKEY " + data).empty()) << data;
}

TEST(Rdata, RefusesFieldsThatAreEmpty) { EXPECT_NE(why("NSAP 0x").find("empty"), std::string::npos); }

TEST(Rdata, ReadsAReservedTypeOfCertificateAsOthersDo) {
  const auto version = zone_of("example.", kApexRecords + "a CERT 0 1 2 AAAA\na CERT 000 3 4 AAAA\n");
  const auto records = records_of(*version);
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tCERT\t0 1 2 AAAA"));
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tCERT\t0 3 4 AAAA"));
  std::string text = kApexRecords;
  for (const std::string& record : records) text += record + "\n";
  EXPECT_EQ(records_of(*zone_of("example.", text)), records);
}

// ---- what strict secondaries refuse ----

TEST(Rdata, RefusesWhatSecondariesRefuseAndSaysWhy) {
  const auto reason_holds = [](const std::string& record, const std::string& part) {
    EXPECT_NE(why(record).find(part), std::string::npos) << record << ": " << why(record);
  };
  reason_holds("DS 56254 8 2 123456789abcdef67890123456789abcdef67890", "a SHA-256 digest has 32 octets, not 20");
  reason_holds("CDS 56254 8 4 00", "a SHA-384 digest has 48 octets, not 1");
  reason_holds("SSHFP 1 1 00", "a SHA-1 fingerprint has 20 octets, not 1");
  reason_holds("ZONEMD 1 1 1 00", "a SHA-384 digest has 48 octets, not 1");
  reason_holds("HTTPS 1 . no-default-alpn", "no-default-alpn stands without alpn");
  reason_holds("NAPTR 20 20 \"U\" \"SIP+D2U\" \"!^(\\\\+4412345)$!sip:\\\\1@example.com\" .",
               "has not three delimiters");
  reason_holds("CAA 0 a_b \"x\"", "a tag of CAA is letters and digits");
  reason_holds("URI 1 2 ftp://b", "stands in quotes");
  reason_holds("X25 1", "four digits or more");
}

// Type and RDATA of records that BIND answers with FORMERR when they come by DNS UPDATE.
TEST(Rdata, RefusesOctetsThatSecondariesRefuse) {
  for (const std::string record : {"65 00010000",
                                   "65 000100000100ff0268",
                                   "65 00010000030001bb",
                                   "65 0001000003000201bb00010003026832",
                                   "65 0001000003000201bb0003000201bb",
                                   "65 00010000010003056832",
                                   "65 000100000000020003",
                                   "65 00010000040005c000020101",
                                   "64 00010000010003056832",
                                   "29 000000000000000000000000000000",
                                   "29 00",
                                   "42 00",
                                   "42 0001400401020304",
                                   "47 0161076578616d706c6503636f6d00000640",
                                   "257 000078",
                                   "43 000108027878",
                                   "59 000108027878",
                                   "44 04027878",
                                   "63 0000000101017a",
                                   "45 010102",
                                   "62 00000001000300014000",
                                   "60 00000300",
                                   "25 00000308",
                                   "55 00000000",
                                   "61 ",
                                   "49 ",
                                   "15 000a01",
                                   "23 0161",
                                   "260 0001",
                                   "261 ",
                                   "66 00"}) {
    const size_t blank = record.find(' ');
    const std::string octets = record.substr(blank + 1);
    if (record == "65 00010000") continue;  // HTTPS 1 . without parameters is sound
    EXPECT_FALSE(
        why("TYPE" + record.substr(0, blank) + " \\# " + std::to_string(octets.size() / 2) + " " + octets).empty())
        << record;
  }
}

TEST(Rdata, TakesWhatOnlyLooksMalformed) {
  for (const std::string record :
       {"CDS 0 0 0 00", "CDNSKEY 0 3 0 AA==", "TYPE10 \\# 0", "NULL \\# 0", "CSYNC 0 0", "APL", "DS 1 8 9 00",
        "SSHFP 1 9 00", "TYPE25 \\# 4 c0000308", "TYPE29 \\# 1 01", "TYPE260 \\# 2 0004", "HTTPS 0 b",
        "NAPTR 1 1 \"\" \"\" \"\" .", "NAPTR 1 1 \"U\" \"x\" \"/^[]a[:digit:]-]{1,3}(b|c)+$/\\\\1\\\\//i\" .",
        "URI 1 1 \"\"", "CAA 0 issue \"\""})
    EXPECT_EQ(why(record), "") << record;
}

TEST(Rdata, ChecksTheRegularExpressionOfNaptrAsPosixDoes) {
  const auto naptr = [](const std::string& pattern) { return "NAPTR 1 1 \"U\" \"x\" \"!" + pattern + "!b!\" ."; };
  for (const std::string pattern : {"a", "a*", "(a|b)+", "a{2}", "a{2,}", "a{2,3}", "[]a]", "[^]a]", "[a-]",
                                    "[[:alpha:]]", "[[.-.]]", "()", ")", "{", "a{", "a|b", "^a$", "\\\\(", "(a)\\\\1"})
    EXPECT_EQ(why(naptr(pattern)), "") << pattern;
  for (const std::string pattern : {"", "*", "a**", "(", "(a", "|a", "a|", "a||b", "(|a)", "[a", "[b-a]", "[a-c-e]",
                                    "[[:foo:]]", "a{2,1}", "a{256}", "a{2", "^*", "(a)\\\\2"})
    EXPECT_FALSE(why(naptr(pattern)).empty()) << pattern;
  EXPECT_FALSE(why("NAPTR 1 1 \"U\" \"x\" \"!(a)!\\\\2!\" .").empty());
  EXPECT_FALSE(why("NAPTR 1 1 \"U\" \"x\" \"1a1b1\" .").empty());
}

TEST(Rdata, ReadsAndPrintsTypesThatAreNewerThanLdns) {
  for (const std::string record :
       {"AMTRELAY\t10 0 1 203.0.113.15",
        "AMTRELAY\t10 1 2 2001:db8::15",
        "AMTRELAY\t10 0 3 amt.example.net.",
        "AMTRELAY\t0 0 0 .",
        "RESINFO\t\"qnamemin\" \"exterr=15-17\"",
        "DSYNC\tCDS 1 5359 cds.example.com.",
        "WALLET\t\"BTC\" \"abc\"",
        "HHIT\tAAAA",
        "BRID\tAAAA",
        "CLA\t\"x\"",
        "IPN\t3026",
        "NSAP-PTR\ta.example.com.",
        "TA\t1 8 9 00ff",
        "DOA\t1 2 3 \"text/plain\" AAAA",
        "DOA\t1 2 3 \"\" -",
        "SINK\t1 2 3",
        "SINK\t1 2 3 AAAA",
        "NINFO\t\"x\"",
        "AVC\t\"x\"",
        "RKEY\t0 1 5 AAAA",
        "A6\t64 ::1 a.example.net.",
        "A6\t0 2001:db8::1",
        "A6\t128 a.example.net.",
        "ATMA\t+123",
        "ATMA\t00ff",
        "CSYNC\t1 3 A NS RESINFO",
        "CSYNC\t0 0",
        "SVCB\t1 . mandatory=alpn,port alpn=h2,h3 port=443 ipv4hint=192.0.2.1 ech=AAAA ipv6hint=2001:db8::1",
        "HTTPS\t1 b.example. alpn=\"a\\\\,b\" dohpath=/q{?dns} key667=\"a (b\" key668"})
    EXPECT_TRUE(parse("a " + record + "\n").contains("a.example.\t3600\tIN\t" + record)) << record;
  EXPECT_TRUE(parse("a DSYNC CDS NOTIFY 1 .\n").contains("a.example.\t3600\tIN\tDSYNC\tCDS 1 1 ."));
  EXPECT_EQ(type_from_text("resinfo"), 261);
  EXPECT_EQ(type_to_text(262), "WALLET");
  EXPECT_EQ(parse("a NSEC b A RESINFO\na NSEC3 1 0 0 - 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM DSYNC\n").size(), 3U);
}

TEST(Rdata, TakesAValueOfANumberedKeyInOctets) {
  EXPECT_EQ(parse("a HTTPS 1 . key3=\\001\\187\n"), parse("a HTTPS 1 . port=443\n"));
  EXPECT_FALSE(why("HTTPS 1 . key3=443").empty());
  EXPECT_FALSE(why("HTTPS 1 . port=443 key3=\\001\\187").empty());
}

TEST(Rdata, SplitsAStringThatIsTooLongAndSaysSo) {
  RdataReader reader;
  const std::string long_one(316, 'x');
  EXPECT_EQ(reader.read("TXT", rrtype::TXT, "\"" + long_one + "\""), std::nullopt);
  ASSERT_EQ(reader.octets().size(), 1 + 255 + 1 + 61U);
  EXPECT_EQ(reader.octets()[0], 255);
  EXPECT_EQ(reader.octets()[256], 61);
  ASSERT_EQ(reader.warnings().size(), 1U);
  EXPECT_NE(reader.warnings()[0].find("a string of 316 octets was split"), std::string::npos);
  EXPECT_EQ(reader.read("TXT", rrtype::TXT, "\"" + std::string(254, 'x') + "\\255\""), std::nullopt);
  EXPECT_TRUE(reader.warnings().empty());
  EXPECT_EQ(reader.octets().size(), 256U);
  EXPECT_NE(why("HINFO x \"" + long_one + "\"").find("a string of 316 octets; it has 255 at most"), std::string::npos);
}

TEST(Rdata, RefusesAnAtSignThatBeginsALongerName) {
  EXPECT_NE(why("PTR @.b.").find("@ is the origin only where it stands alone"), std::string::npos);
  EXPECT_EQ(parse("b PTR @\n"), parse("b PTR example.\n"));
}

// ---- what is stored already ----

Edit edit_of(const std::string& line) {
  const auto edit = parse_addition(line, *Name::from_text("example"), [](NameView, uint16_t) { return 60U; });
  return std::get<Edit>(edit);
}

TEST(StoredRdata, IsListedWhenItIsRefusedToday) {
  EXPECT_TRUE(find_refused(*zone_of("example.", kApexRecords + "a DS 1 8 9 00\n")).empty());
  const auto found = find_refused(*zone_with_refused_record());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0], "d.example. DS: a SHA-256 digest has 32 octets, not 2 (RFC 4509 section 2.1)");
}

TEST(StoredRdata, IsPrintedAndCanBeRemovedButNotAddedAgain) {
  const VersionRef zone = zone_with_refused_record();
  EXPECT_TRUE(records_of(*zone).contains("d.example.\t60\tIN\tDS\t1 8 2 7878"));
  const Name apex = *Name::from_text("example");
  for (const std::string text : {"d DS 1 8 2 7878", "d DS \\# 6 000108027878", "d DS", "d"}) {
    const auto removal = parse_removal(text, apex);
    ASSERT_TRUE(std::holds_alternative<Edit>(removal)) << text;
    Draft draft(zone);
    EXPECT_EQ(draft.apply(std::get<Edit>(removal)), std::nullopt);
    EXPECT_EQ(std::get<Draft::Changes>(draft.finish()).delta.removed.size(), 1U) << text;
  }
  Draft draft(zone);
  const auto again = draft.apply(Edit(Edit::Kind::add, zone->records_at(*Name::from_text("d.example")).front()));
  ASSERT_TRUE(again);
  EXPECT_NE(again->find("a SHA-256 digest has 32 octets"), std::string::npos);
}

TEST(StoredRdata, LetsTheRestOfItsZoneAndOfItsNameBeEdited) {
  for (const std::string line : {"new A 192.0.2.2", "d TXT x"}) {
    Draft draft(zone_with_refused_record());
    EXPECT_EQ(draft.apply(edit_of(line)), std::nullopt);
    EXPECT_EQ(std::get<Draft::Changes>(draft.finish()).delta.added.size(), 1U) << line;
  }
}

TEST(StoredRdata, StandsInNoDifference) {
  const VersionRef before = zone_of("example.", kApexRecords), after = zone_with_refused_record();
  Delta delta;
  for (const OwnedRecord& r : after->records_at(*Name::from_text("d.example"))) delta.added.push_back(r);
  EXPECT_TRUE(has_refused(delta));
  EXPECT_TRUE(has_refused({delta.added, {}}));
  EXPECT_FALSE(has_refused({}));
}

}  // namespace
}  // namespace axfrd::zones::test

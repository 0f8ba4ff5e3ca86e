#include "zones/rdata_reader.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

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
    EXPECT_NE(why(malformed).find("form of its type"), std::string::npos) << malformed;
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
  EXPECT_NE(why("HTTPS 1 . port").find("not a number"), std::string::npos);
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
  EXPECT_EQ(parse("a IPSECKEY 1 0 0 .\nb IPSECKEY 1 3 2 gw AAAA\n").size(), 3U);
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

}  // namespace
}  // namespace axfrd::zones::test

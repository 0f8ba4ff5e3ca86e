#include "zones/text/zonefile.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

TEST(ZoneFile, ReadsTheCommonTypes) {
  const auto records = parse(
      "www A 192.0.2.1\n"
      "www 60 IN AAAA 2001:db8::1\n"
      "mail IN 120 MX 10 mx.example.net.\n"
      "_sip._tcp SRV 1 2 5060 sip\n"
      "@ CAA 0 issue \"ca.example\"\n"
      "svc HTTPS 1 . alpn=h2\n"
      "txt TXT \"with ; semicolon (and parens)\" second\n");
  EXPECT_TRUE(records.contains("www.example.\t3600\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(records.contains("www.example.\t60\tIN\tAAAA\t2001:db8::1"));
  EXPECT_TRUE(records.contains("mail.example.\t120\tIN\tMX\t10 mx.example.net."));
  EXPECT_TRUE(records.contains("_sip._tcp.example.\t3600\tIN\tSRV\t1 2 5060 sip.example."));
  EXPECT_TRUE(records.contains("txt.example.\t3600\tIN\tTXT\t\"with ; semicolon (and parens)\" \"second\""));
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
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tTXT\t\"one\" \"two\""));
  EXPECT_TRUE(records.contains("a.example.\t3600\tIN\tA\t192.0.2.7"));
}

TEST(ZoneFile, FollowsOriginAndTtlDirectives) {
  const auto records = parse(
      "$ORIGIN sub\n"
      "$TTL 1h30m\n"
      "@ A 192.0.2.1\n"
      "x A 192.0.2.2\n"
      "$ORIGIN deep.example.\n"
      "y CNAME @\n");
  EXPECT_TRUE(records.contains("sub.example.\t5400\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(records.contains("x.sub.example.\t5400\tIN\tA\t192.0.2.2"));
  EXPECT_TRUE(records.contains("y.deep.example.\t5400\tIN\tCNAME\tdeep.example."));
}

TEST(ZoneFile, ReadsUnknownTypesByNumber) {
  const auto records = parse("x TYPE65280 \\# 4 0a000001\nx CLASS1 TYPE65281 \\# 0\n");
  EXPECT_EQ(records.size(), 3U);
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

TEST(ZoneFile, TheMinimumOfASoaWithoutTtlIsThatOfAllWithout) {
  const auto version = zone_of("example.", "@ SOA ns admin 1 2 3 4 777\n@ NS ns\na 5 A 192.0.2.1\nb A 192.0.2.2\n");
  const auto records = records_of(*version);
  EXPECT_TRUE(records.contains("example.\t777\tIN\tNS\tns.example."));
  EXPECT_TRUE(records.contains("a.example.\t5\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(records.contains("b.example.\t777\tIN\tA\t192.0.2.2")) << "and not that of the line before";
}

TEST(ZoneFile, WithoutTtlDirectiveTheLastStatedTtlIsTakenWhereTheSoaHasOne) {
  const auto version = zone_of(
      "example.", "@ 60 SOA ns admin 1 2 3 4 777\n@ NS ns\na 5 A 192.0.2.1\nb A 192.0.2.2\n$TTL 9\nc A 192.0.2.3\n");
  const auto records = records_of(*version);
  EXPECT_TRUE(records.contains("example.\t60\tIN\tNS\tns.example."));
  EXPECT_TRUE(records.contains("b.example.\t5\tIN\tA\t192.0.2.2"));
  EXPECT_TRUE(records.contains("c.example.\t9\tIN\tA\t192.0.2.3"));
}

TEST(ZoneFile, RefusesWithFileLineAndReason) {
  const auto why = [](const std::string& text) { return refusal("example.", kApexRecords + text); };
  EXPECT_EQ(why("www A 192.0.2.300\n").substr(0, 12), "test.zone:4:");
  EXPECT_NE(why("\n\nwww BOGUS x\n").find("test.zone:6:"), std::string::npos);
  EXPECT_NE(why("a TXT (\n").find("never closed"), std::string::npos);
  EXPECT_NE(why("a TXT \"x\n").find("quotation mark"), std::string::npos);
  EXPECT_NE(why("a A 192.0.2.1 )\n").find("parenthesis"), std::string::npos);
  EXPECT_NE(why("$INCLUDE /etc/passwd\n").find("$INCLUDE is not allowed in what is sent"), std::string::npos);
  EXPECT_NE(why("$GENERATE 1-9 a A 1.2.3.4\n").find("$GENERATE is not allowed in what is sent"), std::string::npos);
  EXPECT_NE(why("$BOGUS\n").find("not known"), std::string::npos);
  EXPECT_NE(why("a..b A 192.0.2.1\n").find("is not a domain name"), std::string::npos);
  EXPECT_NE(why("\"a\" A 192.0.2.1\n").find("is not a domain name"), std::string::npos);
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
  EXPECT_TRUE(records.contains("a.example.\t30\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(records.contains("a.example.\t30\tIN\tA\t192.0.2.2"));
}

std::vector<std::string> warnings_of(const std::string& text) {
  auto parsed = parse_zone(text, name("example."), "test.zone");
  if (const auto* error = std::get_if<ZoneFileError>(&parsed)) return {"refused: " + error->to_text()};
  return std::get<ZoneText>(parsed).warnings.texts();
}

TEST(ZoneFile, WarnsOfDuplicatesAndOfTtlsThatDiffer) {
  EXPECT_TRUE(warnings_of(kApexRecords + "a 60 A 192.0.2.1\na 60 A 192.0.2.2\n").empty());
  const auto duplicate = warnings_of(kApexRecords + "a A 192.0.2.1\nA A 192.0.2.1\n");
  ASSERT_EQ(duplicate.size(), 1U);
  EXPECT_EQ(duplicate[0], "test.zone:5: A.example. A: the record is there twice, and served once");
  const auto differ = warnings_of(kApexRecords + "a 3600 A 192.0.2.1\na 60 A 192.0.2.2\na 3600 A 192.0.2.3\n");
  ASSERT_EQ(differ.size(), 1U);
  EXPECT_EQ(
      differ[0],
      "test.zone:4: a.example. A: the TTLs of the RRset differ; 60, the lowest, is served for all of it (RFC 2181, "
      "section 5.2)");
}

TEST(ZoneFile, WarnsOfDefaultTtlsThatAreGuessed) {
  const auto minimum = warnings_of("@ SOA ns admin 1 2 3 4 777\n@ NS ns\n");
  ASSERT_EQ(minimum.size(), 1U);
  EXPECT_NE(minimum[0].find("test.zone:1: there is no $TTL, and the SOA has no TTL"), std::string::npos) << minimum[0];
  const auto last = warnings_of("@ 60 SOA ns admin 1 2 3 4 777\n@ NS ns\na A 192.0.2.1\n");
  ASSERT_EQ(last.size(), 1U) << "once a file";
  EXPECT_NE(last[0].find("test.zone:2: there is no $TTL"), std::string::npos) << last[0];
}

TEST(ZoneFile, LeavesForeignRecordsOutWithAWarningEach) {
  const std::string text =
      kApexRecords + "ns.other. A 192.0.2.1\n  AAAA 2001:db8::1\n@ A 192.0.2.2\nx.other. ALIAS y.\n";
  const auto warnings = warnings_of(text);
  ASSERT_EQ(warnings.size(), 3U);
  EXPECT_EQ(warnings[0], "test.zone:4: ns.other. A: the name is not in the zone example.; the record is left out");
  EXPECT_EQ(warnings[1].substr(0, 12), "test.zone:5:");
  EXPECT_EQ(records_of(*zone_of("example.", text)).size(), 2U) << "the NS of the apex, and its A";
}

TEST(ZoneFile, ATtlWithTheHighestBitIsZero) {
  EXPECT_TRUE(parse("a 4294967295 A 192.0.2.1\n").contains("a.example.\t0\tIN\tA\t192.0.2.1"));
  const auto warnings = warnings_of(kApexRecords + "$TTL 2147483648\na A 192.0.2.1\n");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("0 is served (RFC 2181, section 8)"), std::string::npos) << warnings[0];
  EXPECT_EQ(warnings_of(kApexRecords + "a 4294967296 A 192.0.2.1\n")[0].substr(0, 8), "refused:");
}

TEST(ZoneFile, WindowsScavengingStampsAreIgnoredWithOneWarning) {
  const std::string text = kApexRecords + "dc [AGE:3634093] 600 A 192.0.2.35\n   [AGE:3633973] 600 A 192.0.2.36\n";
  const auto records = records_of(*zone_of("example.", text));
  EXPECT_TRUE(records.contains("dc.example.\t600\tIN\tA\t192.0.2.35"));
  EXPECT_TRUE(records.contains("dc.example.\t600\tIN\tA\t192.0.2.36"));
  const auto warnings = warnings_of(text);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("2 records have it"), std::string::npos) << warnings[0];
}

TEST(ZoneFile, EncodingsOfEditorsAreReadOrNamed) {
  const auto with_mark = warnings_of("\xEF\xBB\xBF" + kApexRecords);
  ASSERT_EQ(with_mark.size(), 1U);
  EXPECT_NE(with_mark[0].find("test.zone:1: the file begins with a byte order mark"), std::string::npos)
      << with_mark[0];
  EXPECT_TRUE(warnings_of("$TTL 60\r\n@ SOA ns h 1 2 3 4 5 ; c\r\n@ NS (\r\n ns ) \r\r\n\r\n").empty());
  const std::string_view utf16[] = {{"\xFF\xFE@\0 \0", 6}, {"\xFE\xFF\0@\0 ", 6}, {"@\0 \0S\0", 6}, {"\0@\0 \0S", 6}};
  for (const std::string_view text : utf16)
    EXPECT_NE(refusal("example.", std::string(text)).find("UTF-16"), std::string::npos) << text;
  EXPECT_NE(refusal("example.", "; old\r@ SOA ns h 1 2 3 4 5\r").find("end in CR alone"), std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + "; c\rwww A 192.0.2.1\n").find("test.zone:4: a CR within the line"),
            std::string::npos);
  EXPECT_NE(refusal("example.", kApexRecords + std::string("a TXT \0\n", 8)).find("write \\000"), std::string::npos);
  const auto latin = warnings_of(kApexRecords + "m\xFCller A 192.0.2.1\n");
  ASSERT_EQ(latin.size(), 1U);
  EXPECT_NE(latin[0].find("A-label"), std::string::npos) << latin[0];
}

ZoneSource source_of(std::string text) {
  ZoneSource source = ZoneSource::of_text(std::move(text), "main");
  source.directives = true;
  return source;
}

// The records of a zone that is read from files; or why it is refused.
std::multiset<std::string> records_of_source(const ZoneSource& source, const ParseOptions& options = {}) {
  auto parsed = parse_zone(source, name("example."), options);
  if (const auto* error = std::get_if<ZoneFileError>(&parsed)) return {error->to_text()};
  auto records = records_of(*ZoneVersion::build(std::get<ZoneText>(parsed).records));
  std::erase_if(records, [](const std::string& r) { return r.starts_with("example.\t"); });
  return records;
}
std::multiset<std::string> generated(const std::string& line) {
  return records_of_source(source_of(kApexRecords + line));
}

TEST(Generate, CountsInNamesAndData) {
  using Set = std::multiset<std::string>;
  EXPECT_EQ(generated("$GENERATE 1-2 host-$ A 192.0.2.$\n"),
            (Set{"host-1.example.\t3600\tIN\tA\t192.0.2.1", "host-2.example.\t3600\tIN\tA\t192.0.2.2"}));
  EXPECT_EQ(generated("$GENERATE 2-6/2 $ 60 IN CNAME host-${-2}\n"),
            (Set{"2.example.\t60\tIN\tCNAME\thost-0.example.", "4.example.\t60\tIN\tCNAME\thost-2.example.",
                 "6.example.\t60\tIN\tCNAME\thost-4.example."}));
  EXPECT_EQ(generated("$GENERATE 10-10 h${0,4,x} AAAA 2001:db8::${1,0,X}\n"),
            Set{"h000a.example.\t3600\tIN\tAAAA\t2001:db8::b"});
  EXPECT_EQ(generated("$GENERATE 8-8 h${0,3,o}-${0,3,d}-${0,3} A 192.0.2.1\n"),
            Set{"h010-008-008.example.\t3600\tIN\tA\t192.0.2.1"});
  EXPECT_EQ(generated("$GENERATE 18-18 ${0,0,n}.${0,5,n}.${0,8,N}x A 192.0.2.1\n"),
            Set{"2.1.2.1.0.2.1.0.0.x.example.\t3600\tIN\tA\t192.0.2.1"});
  EXPECT_EQ(generated("$GENERATE 7-7 a$$b\\$c A 192.0.2.1\n"), Set{"a\\$b\\$c.example.\t3600\tIN\tA\t192.0.2.1"});
  EXPECT_EQ(generated("$GENERATE 7-7 m MX \"10 mail$\"\n"), Set{"m.example.\t3600\tIN\tMX\t10 mail7.example."});
  EXPECT_EQ(generated("$GENERATE 0-65535 @ A 192.0.2.1\n"), Set{}) << "one record of the apex, 65536 times";
}

TEST(Generate, SaysWhatIsWrong) {
  const auto why = [](const std::string& line) { return *generated(line).begin(); };
  EXPECT_EQ(why("$GENERATE 3-1 a$ A 192.0.2.1\n"), "main:4: the range '3-1' ends before it begins");
  for (const char* range : {"x", "1", "1-", "-1-2", "1-2/", "1-2/x", "1-2/-1", ""})
    EXPECT_NE(why(std::string("$GENERATE ") + range + " a$ A 192.0.2.1\n").find("needs a range"), std::string::npos)
        << range;
  EXPECT_NE(why("$GENERATE 1-2/0 a$ A 192.0.2.1\n").find("step of 0"), std::string::npos);
  EXPECT_NE(why("$GENERATE 1-4294967295 a$ A 192.0.2.1\n").find("2147483647"), std::string::npos);
  EXPECT_NE(why("$GENERATE 0-65536 a$ A 192.0.2.1\n").find("65536 records at most"), std::string::npos);
  EXPECT_NE(why("$GENERATE 1-300 a$ A 192.0.2.$\n").find("main:4: $GENERATE at 256: A 192.0.2.256"), std::string::npos);
  for (const char* braces : {"{", "{}", "{x}", "{1,}", "{1,128}", "{1,2,z}", "{1,2,x,}", "{1"})
    EXPECT_NE(why(std::string("$GENERATE 1-2 a$") + braces + " A 192.0.2.1\n").find("behind $"), std::string::npos)
        << braces;
  EXPECT_NE(why("$GENERATE 1-2 a${-2} A 192.0.2.1\n").find("out of range"), std::string::npos);
  EXPECT_NE(why("$GENERATE 1-2 a$\n").find("needs RANGE OWNER TYPE DATA"), std::string::npos);
  EXPECT_NE(records_of_source(source_of(kApexRecords + "$GENERATE 1-6 a$ A 192.0.2.1\n$GENERATE 1-6 b$ A 192.0.2.1\n"),
                              {.max_generated = 10})
                .begin()
                ->find("main:5: all $GENERATE make 12 records"),
            std::string::npos);
}

TEST(Include, KeepsOriginAndOwnerToItself) {
  ZoneSource source =
      source_of(kApexRecords + "a A 192.0.2.1\n$INCLUDE part sub\n  AAAA 2001:db8::1\nb A 192.0.2.2\n$INCLUDE part\n");
  const std::string part = " TXT own\nx A 192.0.2.3\n$TTL 5\n";
  source.parts[0].includes = {{5, 1, ""}, {8, 2, ""}};
  source.parts.push_back({"part", part});
  source.parts.push_back({"part", part});
  const std::multiset<std::string> expected{
      "a.example.\t3600\tIN\tA\t192.0.2.1",     "a.example.\t3600\tIN\tTXT\t\"own\"",
      "x.sub.example.\t3600\tIN\tA\t192.0.2.3", "a.example.\t5\tIN\tAAAA\t2001:db8::1",
      "b.example.\t5\tIN\tA\t192.0.2.2",        "b.example.\t5\tIN\tTXT\t\"own\"",
      "x.example.\t5\tIN\tA\t192.0.2.3"};
  EXPECT_EQ(records_of_source(source), expected);
}

TEST(Include, ErrorsNameTheLineOfTheIncludedFile) {
  ZoneSource source = source_of(kApexRecords + "$INCLUDE part\nc BOGUS\n");
  EXPECT_EQ(*records_of_source(source).begin(), "main:4: $INCLUDE: nobody has read the file");
  source.parts[0].includes = {{4, 0, "part: Permission denied"}};
  EXPECT_EQ(*records_of_source(source).begin(), "main:4: $INCLUDE part: Permission denied");
  source.parts[0].includes = {{4, 1, ""}};
  source.parts.push_back({"part", "x A 192.0.2.1\ny A 192.0.2.256\n"});
  EXPECT_EQ(records_of_source(source).begin()->substr(0, 7), "part:2:");
  source.parts[1].text = "x A 192.0.2.1\n\n";
  EXPECT_EQ(records_of_source(source).begin()->substr(0, 7), "main:5:");
  source.parts[1].includes = {{1, 1, ""}};
  source.parts[1].text = "$INCLUDE part\n";
  EXPECT_EQ(*records_of_source(source).begin(), "part:1: $INCLUDE: nobody has read the file")
      << "it would lead in a circle";
}

TEST(Include, TenFilesMayIncludeEachOtherInTurn) {
  for (const size_t files : {10U, 11U}) {
    ZoneSource source = source_of(kApexRecords + "$INCLUDE f\n");
    source.parts[0].includes = {{4, 1, ""}};
    for (size_t i = 1; i <= files; ++i) source.parts.push_back({"f", "$INCLUDE f\n", {{1, i + 1, ""}}});
    source.parts.back().text = "x A 192.0.2.1\n";
    const std::string record = *records_of_source(source).begin();
    EXPECT_EQ(record, files == 10 ? "x.example.\t3600\tIN\tA\t192.0.2.1"
                                  : "f:1: $INCLUDE: more than 10 files include each other in turn");
  }
}

TEST(ZoneFile, ParsingEndsWhenItIsToldTo) {
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(*records_of_source(source_of(kApexRecords), {.cancelled = &cancelled}).begin(),
            "main:1: axfrd is stopping");
}

TEST(Warnings, AreBoundedAndTheRestIsCounted) {
  Warnings warnings;
  warnings.places().enter("x.zone");
  for (uint32_t i = 1; i <= 150; ++i) warnings.add(warnings.places().number(i), "w");
  EXPECT_EQ(warnings.texts().size(), Warnings::kMost);
  EXPECT_EQ(warnings.texts().back(), "x.zone:100: w");
  EXPECT_EQ(warnings.left_out(), 50U);
  Warnings all;
  all.add(0, "first");
  all.add(warnings);
  EXPECT_EQ(all.texts().size(), Warnings::kMost);
  EXPECT_EQ(all.texts()[0], "first");
  EXPECT_EQ(all.left_out(), 51U);
}

TEST(Warnings, LinesOfSeveralFilesAreToldApart) {
  Places places;
  EXPECT_EQ(places.find(0).to_text(), "");
  places.enter("a");
  EXPECT_EQ(places.number(7), 7U);
  places.enter("b");
  EXPECT_EQ(places.find(places.number(3)).to_text(), "b:3");
  places.enter("a", 8);
  EXPECT_EQ(places.find(places.number(9)).to_text(), "a:9");
  EXPECT_EQ(places.find(5).to_text(), "a:5");
  EXPECT_EQ(places.find(0).to_text(), "a");
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
  for (const std::string record :
       {"CAA\t0 issue \"ca.example.net\"", "CAA\t0 issue \"\"", "URI\t10 1 \"\"", "CAA\t128 iodef \";\"",
        "URI\t10 1 \"ftp://x/\"", "HINFO\t\"a\" \"b\"", "X25\t\"1234\"", "HTTPS\t1 . alpn=h2,h3 port=443"})
    EXPECT_TRUE(parse("a " + record + "\n").contains("a.example.\t3600\tIN\t" + record)) << record;
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

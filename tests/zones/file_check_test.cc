#include "zones/text/file_check.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

using Texts = std::vector<std::string>;

FileFindings checked(const std::string& text) {
  ZoneSource source = ZoneSource::of_text(text, "f");
  source.directives = true;
  return check_file(source, name("example."));
}
const std::string kSound = "$TTL 60\n@ SOA ns admin 7 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";

TEST(FileCheck, ASoundFileHasItsSerialAndNoFindings) {
  const FileFindings found = checked(kSound);
  EXPECT_EQ(found.serial, 7U);
  EXPECT_EQ(found.records, 3U);
  EXPECT_EQ(found.refused, Texts());
  EXPECT_EQ(found.faults, Texts());
  EXPECT_TRUE(found.warnings.empty());
}

TEST(FileCheck, EachRecordThatCannotBeReadIsToldWithItsLine) {
  const FileFindings found = checked(kSound + "a A 192.0.2.256\nb A 192.0.2.2\nc NOTYPE x\n$ORIGIN\nd A x\n");
  EXPECT_FALSE(found.serial);
  ASSERT_EQ(found.refused.size(), 3U) << "nobody knows what a wrong directive would have said of the rest";
  EXPECT_TRUE(found.refused[0].starts_with("f:5: ")) << found.refused[0];
  EXPECT_TRUE(found.refused[1].starts_with("f:7: there is no record type 'NOTYPE'")) << found.refused[1];
  EXPECT_TRUE(found.refused[2].starts_with("f:8: $ORIGIN")) << found.refused[2];
}

TEST(FileCheck, WhatIsToldIsBounded) {
  std::string text = kSound;
  for (int i = 0; i < 1000; ++i) text += "a A x\n";
  EXPECT_EQ(checked(text).refused.size(), kMostProblems);
}

TEST(FileCheck, WhatIsWrongWithTheZoneAsAWholeIsToldWithALineWhereThereIsOne) {
  EXPECT_TRUE(checked("$TTL 60\n@ NS ns\n").refused.at(0).starts_with("f: ")) << "no SOA";
  const FileFindings found = checked(kSound + "ns CNAME x\n");
  ASSERT_EQ(found.refused.size(), 1U);
  EXPECT_TRUE(found.refused[0].starts_with("f:")) << found.refused[0];
}

TEST(FileCheck, AFaultHasTheLineOfItsRecord) {
  const FileFindings found = checked(kSound + "m MX 5 ns\nm MX 10 nothing\nsub NS ns\nsub NS ns.sub\n");
  ASSERT_EQ(found.faults.size(), 2U);
  EXPECT_TRUE(found.faults[0].starts_with("f:6: m.example. MX: nothing.example.")) << found.faults[0];
  EXPECT_TRUE(found.faults[1].starts_with("f:8: sub.example. NS: the glue")) << found.faults[1];
  EXPECT_EQ(checked("$TTL 60\n@ SOA ns admin 7 2 3 4 5\nns A 192.0.2.1\n").faults.at(0).substr(0, 12), "f: example. ");
}

TEST(FileCheck, WarningsAreThoseOfAnImport) {
  const FileFindings found = checked(kSound + "ns A 192.0.2.1\nx.elsewhere. A 192.0.2.1\n");
  EXPECT_EQ(found.warnings.texts().size(), 2U);
  EXPECT_TRUE(found.serial);
}

}  // namespace
}  // namespace axfrd::zones::test

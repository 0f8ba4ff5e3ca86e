#include "zones/data/record.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

TEST(RecordSet, PutsNamesInCanonicalOrderAndSignaturesBehindWhatTheySign) {
  RecordSet set(name("example."));
  const std::string rrsig_of_a = std::string("\0\1", 2) + std::string(16, 'x') + std::string("\0sig", 4);
  const std::string soa = std::string("\0\0", 2) + std::string(20, '\0');
  EXPECT_FALSE(set.add({name("b.example."), rrtype::A, 1, bytes_of("aaaa")}));
  EXPECT_FALSE(set.add({name("a.example."), rrtype::RRSIG, 1, bytes_of(rrsig_of_a)}));
  EXPECT_FALSE(set.add({name("a.example."), rrtype::TXT, 1, bytes_of("\1x")}));
  EXPECT_FALSE(set.add({name("A.example."), rrtype::A, 1, bytes_of("bbbb")}));
  EXPECT_FALSE(set.add({name("example."), rrtype::SOA, 1, bytes_of(soa)}));
  ASSERT_FALSE(set.finish());
  std::vector<std::pair<std::string, uint16_t>> order;
  for (size_t i = 0; i < set.size(); ++i) order.emplace_back(set[i].owner.to_text(), set[i].type);
  const std::vector<std::pair<std::string, uint16_t>> expected = {{"example.", rrtype::SOA},
                                                                  {"A.example.", rrtype::A},
                                                                  {"a.example.", rrtype::RRSIG},
                                                                  {"a.example.", rrtype::TXT},
                                                                  {"b.example.", rrtype::A}};
  EXPECT_EQ(order, expected);
}

TEST(RecordSet, RefusesDataThatDoesNotHaveTheFormOfItsType) {
  RecordSet set(name("example."));
  EXPECT_TRUE(set.add({name("example."), rrtype::A, 1, bytes_of("abc")}));
  EXPECT_TRUE(set.add({name("example."), rrtype::AAAA, 1, bytes_of("abcd")}));
  EXPECT_TRUE(set.add({name("example."), rrtype::NS, 1, bytes_of("\3ab")}));
  EXPECT_TRUE(set.add({name("example."), rrtype::MX, 1, bytes_of("\1")}));
  EXPECT_TRUE(set.add({name("example."), rrtype::SOA, 1, bytes_of(std::string(10, '\0'))}));
  EXPECT_TRUE(set.add({name("example."), rrtype::CNAME, 1, bytes_of(std::string("\1a\0trailing", 11))}));
  EXPECT_TRUE(set.add({name("example."), rrtype::RRSIG, 1, bytes_of("short")}));
  EXPECT_EQ(set.size(), 0U);
}

TEST(RecordSet, NamesTheLineOfAProblem) {
  RecordSet set(name("example."));
  const auto problem = set.add({name("other."), rrtype::A, 1, bytes_of("abcd")}, 17);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->line, 17U);
}

}  // namespace
}  // namespace axfrd::zones::test

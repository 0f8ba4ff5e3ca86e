#include "zones/data/page.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

const std::string kSoa = "$TTL 3600\n@ IN SOA ns hostmaster 1 3600 900 604800 300\n";

const Page::Node* find(const Page& page, const Apex& apex, const std::string& text) {
  const Name n = name(text);
  return page.find(NameHash::process().of(n), n, apex);
}

TEST(Page, FindsEveryNameInAnyCaseAndNoOther) {
  std::string text = kSoa;
  for (int i = 0; i < 90; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  const auto version = zone_of("example.", text);
  ASSERT_EQ(version->page_count(), 1U);
  const Page& page = version->page(0);
  for (int i = 0; i < 90; ++i)
    ASSERT_NE(find(page, version->apex(), "HOST" + std::to_string(i) + ".Example."), nullptr);
  EXPECT_EQ(find(page, version->apex(), "host90.example."), nullptr);
  EXPECT_EQ(find(page, version->apex(), "x.host1.example."), nullptr);
}

TEST(Page, HasNodesForEmptyNonTerminals) {
  const auto version = zone_of("example.", kSoa + "a.b.c A 192.0.2.1\nx.b.c A 192.0.2.2\n*.w.e A 192.0.2.3\n");
  const Page& page = version->page(0);
  for (const char* ent : {"c.example.", "b.c.example.", "w.e.example.", "e.example."}) {
    const Page::Node* node = find(page, version->apex(), ent);
    ASSERT_NE(node, nullptr) << ent;
    EXPECT_TRUE(page.rrsets(*node).empty()) << ent;
  }
  EXPECT_EQ(version->counts().names, 3U);
  EXPECT_EQ(version->counts().wildcards, 1U);
}

TEST(Page, CountsDelegationsButNotTheApex) {
  const auto version = zone_of("example.", kSoa + "@ NS ns\nsub NS ns.sub\nns.sub A 192.0.2.1\nd DNAME other.test.\n");
  EXPECT_EQ(version->counts().barriers, 2U);
  EXPECT_EQ(version->counts().records, 4U);
}

TEST(Page, ImageGivesTheSamePageAgain) {
  const auto version = zone_of("example.", kSoa + "@ NS ns\na.b MX 10 mail.a.b\nmail.a.b A 192.0.2.1\nUPPER.b TXT x\n");
  const Page& page = version->page(0);
  const PageRef again = Page::from_image(version->apex(), page.image(), page.message(0).base, version->apex().labels);
  EXPECT_EQ(again->node_count(), page.node_count());
  EXPECT_EQ(again->memory(), page.memory());
  std::multiset<std::string> a, b;
  page.for_each_record(version->apex(), [&](const Record& r) { a.insert(show(r)); });
  again->for_each_record(version->apex(), [&](const Record& r) { b.insert(show(r)); });
  EXPECT_EQ(a, b);
}

TEST(Page, RefusesAPointerIntoALabelOfTheApex) {
  const auto version = zone_of("a.example.", "@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\n");
  const Page& page = version->page(0);
  const auto with_pointer_to = [&](unsigned offset) {
    PageImage image = page.image();
    auto* last = reinterpret_cast<uint8_t*>(image[0].bytes.data() + image[0].bytes.size() - 2);  // behind "ns"
    EXPECT_EQ(load16(last), pointer_to(kHeaderSize));
    store16(last, pointer_to(kHeaderSize + offset));
    return Page::from_image(version->apex(), image, page.message(0).base, version->apex().labels);
  };
  for (const unsigned begin : {0U, 2U, 10U}) EXPECT_EQ(with_pointer_to(begin)->counts().records, 1U);
  for (const unsigned inside : {1U, 3U, 9U}) EXPECT_THROW((void)with_pointer_to(inside), std::invalid_argument);
}

TEST(Page, RefusesMangledImages) {
  const auto version = zone_of("example.", kSoa + "@ NS ns\na MX 10 mail.a\nmail.a A 192.0.2.1\n");
  const Page& page = version->page(0);
  const PageImage good = page.image();
  const unsigned base = page.message(0).base;
  unsigned refused = 0;
  for (size_t at = 0; at < good[0].bytes.size(); ++at) {
    for (const char octet : {'\x00', '\x3F', '\x7F', '\xC0', '\xFF'}) {
      PageImage bad = good;
      bad[0].bytes[at] = octet;
      try {
        (void)Page::from_image(version->apex(), bad, base, version->apex().labels);
      } catch (const std::invalid_argument&) {
        ++refused;
      }
    }
    PageImage cut = good;
    cut[0].bytes.resize(at);
    EXPECT_THROW((void)Page::from_image(version->apex(), cut, base, version->apex().labels), std::invalid_argument);
  }
  EXPECT_GT(refused, 50U);
}

TEST(Page, KeepsTheCaseOfEveryName) {
  const auto version =
      zone_of("Example.", kSoa + "WwW MX 10 MaIl.eXample.\nMail A 192.0.2.1\nalias CNAME WWW.EXAMPLE.\n");
  const auto records = records_of(*version);
  EXPECT_TRUE(records.contains("WwW.Example.\t3600\tIN\tMX\t10 MaIl.eXample."));
  EXPECT_TRUE(records.contains("alias.Example.\t3600\tIN\tCNAME\tWWW.EXAMPLE."));
}

TEST(Page, ANameLargerThanAMessageHasAPageOfSeveralMessages) {
  std::string text = kSoa + "a A 192.0.2.1\nz A 192.0.2.2\n";
  for (int i = 0; i < 4000; ++i)
    text += "many A 10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256) + "\n";
  const auto version = zone_of("example.", text);
  ASSERT_EQ(version->page_count(), 3U);
  EXPECT_GT(version->page(1).message_count(), 1U);
  EXPECT_EQ(version->counts().records, 4002U);
  EXPECT_EQ(records_of(*version).size(), 4002U);
}

TEST(Page, CompressedNamesStayInReach) {
  std::string text = kSoa;
  for (int i = 0; i < 20000; ++i)
    text += "h" + std::to_string(i) + ".sub" + std::to_string(i % 7) + " MX 1 mail" + std::to_string(i % 13) +
            ".elsewhere.test.\n";
  const auto version = zone_of("example.", text);
  for (unsigned p = 0; p < version->page_count(); ++p) {
    ASSERT_EQ(version->page(p).message_count(), 1U);
    ASSERT_LE(version->page(p).message(0).base + version->page(p).message(0).size, kMaxPageMessage);
  }
}

}  // namespace
}  // namespace axfrd::zones::test

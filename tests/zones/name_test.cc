#include "zones/wire/name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

TEST(Name, ReadsPresentationFormatWithOrWithoutFinalDot) {
  EXPECT_EQ(name("www.example.com"), name("www.example.com."));
  EXPECT_EQ(name("www.example.com").to_text(), "www.example.com.");
  EXPECT_EQ(name(".").to_text(), ".");
}

TEST(Name, EscapesSurviveTheRoundTrip) {
  EXPECT_EQ(name("a\\.b.example").to_text(), "a\\.b.example.");
  EXPECT_EQ(name("\\000\\255.x").to_text(), "\\000\\255.x.");
  EXPECT_EQ(name("a\\.b.example").view().label_count(), 2U);
}

TEST(Name, RefusesWhatIsNoName) {
  for (const char* text : {"", "..", "a..b", ".a", "a\\", "a\\25", "a\\256.b"})
    EXPECT_FALSE(Name::from_text(text)) << text;
  EXPECT_FALSE(Name::from_text(std::string(64, 'a')));
  std::string long_name;
  for (int i = 0; i < 128; ++i) long_name += "a.";
  EXPECT_FALSE(Name::from_text(long_name));
  EXPECT_TRUE(Name::from_text(long_name.substr(2)));  // 127 labels, 255 octets
}

TEST(Name, ComparesWithoutRegardToAsciiCaseOnly) {
  EXPECT_TRUE(name("WWW.Example.COM").view().equals(name("www.example.com")));
  EXPECT_FALSE(name("\\195").view().equals(name("\\227")));  // would fold in Latin-1
  EXPECT_FALSE(name("[").view().equals(name("{")));          // differ by 0x20, are no letters
}

TEST(Name, KnowsItsAncestors) {
  EXPECT_TRUE(name("a.b.example").view().is_at_or_below(name("EXAMPLE")));
  EXPECT_TRUE(name("example").view().is_at_or_below(name("example")));
  EXPECT_FALSE(name("notexample").view().is_at_or_below(name("example")));
  EXPECT_FALSE(name("example").view().is_at_or_below(name("a.example")));
  EXPECT_TRUE(name("example").view().is_at_or_below(name(".")));
  EXPECT_EQ(common_labels(name("x.a.example"), name("y.a.example")), 2U);
}

TEST(Name, CanonicalOrderIsThatOfRfc4034Section6_1) {
  const std::vector<std::string> ordered = {"example",         "a.example",      "yljkjljk.a.example",
                                            "Z.a.example",     "zABC.a.EXAMPLE", "z.example",
                                            "\\001.z.example", "*.z.example",    "\\200.z.example"};
  for (size_t i = 0; i < ordered.size(); ++i) {
    for (size_t k = 0; k < ordered.size(); ++k) {
      EXPECT_EQ(canonical_order(name(ordered[i]), name(ordered[k])), i <=> k) << ordered[i] << " " << ordered[k];
      EXPECT_EQ(sort_key(name(ordered[i])) <=> sort_key(name(ordered[k])), i <=> k) << ordered[i] << " " << ordered[k];
    }
  }
}

TEST(Name, SortKeyKeepsOctetsZeroAndOneApart) {
  std::vector<std::string> names = {"\\000.x", "\\000\\000.x", "\\001.x", "\\001\\000.x", "\\002.x", "a.\\000.x", "x"};
  std::vector<std::string> by_key = names;
  std::ranges::sort(names, [](const auto& a, const auto& b) { return canonical_order(name(a), name(b)) < 0; });
  std::ranges::sort(by_key, {}, [](const auto& a) { return sort_key(name(a)); });
  EXPECT_EQ(names, by_key);
}

TEST(Name, SortPrefixTellsTheOrderUnlessItIsTheSame) {
  const std::vector<std::string> ordered = {
      "example",           "\\000.example",       "\\000\\000.example", "\\001.example",
      "a.example",         "b.a.example",         "aaaaaaaa.example",   "aaaaaaab.example",
      "AAAAAAABX.example", "y.aaaaaaabx.example", "b.example",          "\\200.example"};
  for (size_t i = 0; i < ordered.size(); ++i) {
    for (size_t k = 0; k < ordered.size(); ++k) {
      const uint64_t a = sort_prefix(name(ordered[i]), 1), b = sort_prefix(name(ordered[k]), 1);
      if (a == b) continue;
      EXPECT_EQ(a <=> b, i <=> k) << ordered[i] << " " << ordered[k];
    }
  }
  EXPECT_EQ(sort_prefix(name("aaaaaaab.example"), 1), sort_prefix(name("aaaaaaabx.example"), 1));
  EXPECT_EQ(sort_prefix(name("example"), 1), 0U);
}

TEST(NameHash, FoldsCaseAndTellsNamesApart) {
  const NameHash& hash = NameHash::process();
  EXPECT_EQ(hash.of(name("WwW.eXample.com")), hash.of(name("www.example.com")));
  std::set<uint64_t> seen;
  for (int i = 0; i < 10000; ++i) seen.insert(hash.of(name("host" + std::to_string(i) + ".example.com")));
  EXPECT_EQ(seen.size(), 10000U);
}

TEST(NameHash, LabelBoundariesCount) {
  const NameHash& hash = NameHash::process();
  EXPECT_NE(hash.of(name("ab.c")), hash.of(name("a.bc")));
  EXPECT_NE(hash.of(name("a\\.b")), hash.of(name("a.b")));
  EXPECT_NE(hash.of(name("a\\000")), hash.of(name("a")));
  EXPECT_NE(hash.of(name("\\000a")), hash.of(name("a")));
}

// Whoever could make names collide at will could make searches long.
TEST(NameHash, NoOctetMakesUpForALength) {
  const NameHash& hash = NameHash::process();
  const std::string octets = "\\000\\000\\000\\000\\000\\000\\000\\000";
  for (unsigned length = 1; length < 8; ++length) {
    const std::string rest = octets.substr(0, 4 * (7 - length)) + std::string(length, 'x');
    for (unsigned octet = 0; octet < 256; ++octet) {
      std::array<char, 8> text;
      std::snprintf(text.data(), text.size(), "\\%03u", octet);
      EXPECT_NE(hash.of(name(text.data() + rest)), hash.of(name(std::string(length, 'x')))) << length << ", " << octet;
    }
  }
}

// Tables take different bits of it. Of a good hash, the fullest of as many buckets as a page has names holds ten.
TEST(NameHash, SpreadsNamesThatCountUpwardsWhateverTheSecret) {
  constexpr unsigned names = 128;
  std::mt19937_64 random(1);
  for (unsigned i = 0; i < 1000; ++i) {
    const NameHash hash({random(), random()});
    std::map<unsigned, std::array<unsigned, names>> buckets;  // by the first bit that is taken
    for (unsigned n = 0; n < names; ++n) {
      const uint64_t h = hash.of(name("h" + std::to_string(1'000'000 + 10 * n) + ".large.example"));
      for (const unsigned bit : {0U, 25U, 32U, 57U}) ++buckets[bit][(h >> bit) % names];
    }
    for (const auto& [bit, filled] : buckets) EXPECT_LE(*std::ranges::max_element(filled), 12U) << i << ", " << bit;
  }
}

TEST(NameHash, FoldsEveryLetterAtEveryPosition) {
  const NameHash& hash = NameHash::process();
  for (unsigned length = 1; length <= 20; ++length) {
    for (unsigned at = 0; at < length; ++at) {
      for (int c = 1; c < 256; ++c) {
        std::string lower(length, 'x'), upper(length, 'x');
        upper[at] = static_cast<char>(c);
        lower[at] = static_cast<char>(fold(static_cast<uint8_t>(c)));
        const std::string a = std::string(1, static_cast<char>(length)) + upper,
                          b = std::string(1, static_cast<char>(length)) + lower;
        ASSERT_EQ(hash.extend(1, reinterpret_cast<const uint8_t*>(a.data())),
                  hash.extend(1, reinterpret_cast<const uint8_t*>(b.data())));
      }
    }
  }
}

TEST(HashedName, HasTheHashOfEverySuffix) {
  const Name n = name("a.bb.ccc.example");
  HashedName hashed;
  ASSERT_TRUE(hashed.read(n.view().data(), n.view().data() + n.view().size()));
  ASSERT_EQ(hashed.labels(), 4U);
  const char* suffixes[] = {".", "example", "ccc.example", "bb.ccc.example", "a.bb.ccc.example"};
  for (unsigned i = 0; i <= 4; ++i) {
    EXPECT_EQ(hashed.hash(i), NameHash::process().of(name(suffixes[i])));
    EXPECT_TRUE(hashed.suffix(i).equals(name(suffixes[i])));
  }
}

TEST(HashedName, HashesAlikeWhateverStandsBehindTheName) {
  for (unsigned length = 1; length <= kMaxLabel; ++length) {
    std::string bytes = static_cast<char>(length) + std::string(length, 'x') + std::string("\1y\0", 3);
    const unsigned size = static_cast<unsigned>(bytes.size());
    const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
    HashedName alone, within;
    ASSERT_TRUE(alone.read(at, at + size));
    bytes.append(16, 'z');
    at = reinterpret_cast<const uint8_t*>(bytes.data());
    ASSERT_TRUE(within.read(at, at + bytes.size()));
    ASSERT_EQ(within.size(), size);
    for (unsigned n = 0; n <= 2; ++n) EXPECT_EQ(within.hash(n), NameHash::process().of(within.suffix(n))) << length;
    for (unsigned n = 0; n <= 2; ++n) EXPECT_EQ(within.hash(n), alone.hash(n)) << length;
  }
}

TEST(HashedName, RefusesCompressedAndCutNames) {
  HashedName hashed;
  const uint8_t pointer[] = {1, 'a', 0xC0, 0x0C};
  EXPECT_FALSE(hashed.read(pointer, pointer + sizeof pointer));
  const uint8_t cut[] = {3, 'a', 'b'};
  EXPECT_FALSE(hashed.read(cut, cut + sizeof cut));
  const uint8_t rootless[] = {1, 'a'};
  EXPECT_FALSE(hashed.read(rootless, rootless + sizeof rootless));
}

}  // namespace
}  // namespace axfrd::zones::test

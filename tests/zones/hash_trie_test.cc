#include "zones/data/hash_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace axfrd::zones {
namespace {

using Trie = HashTrie<uint32_t>;

bool has(const Trie& trie, uint64_t hash, uint32_t payload) {
  return trie.find(hash, [&](uint32_t p) { return p == payload; }) != nullptr;
}

TEST(HashTrie, AnEmptyTrieFindsNothing) {
  EXPECT_EQ(Trie().find(42, [](uint32_t) { return true; }), nullptr);
}

TEST(HashTrie, HoldsWhatAMapWouldThroughRandomEdits) {
  std::mt19937_64 random(1);
  std::map<uint64_t, uint32_t> model;
  Trie trie;
  for (int round = 0; round < 200; ++round) {
    Trie::Editor editor(trie);
    for (int i = 0; i < 500; ++i) {
      if (random() % 3 != 0 || model.empty()) {
        const uint64_t hash = random();
        if (!model.emplace(hash, static_cast<uint32_t>(i)).second) continue;
        editor.insert(hash, static_cast<uint32_t>(i));
      } else {
        const auto victim = model.lower_bound(random());
        if (victim == model.end()) continue;
        EXPECT_TRUE(editor.erase(victim->first, victim->second));
        model.erase(victim);
      }
    }
    trie = std::move(editor).finish();
  }
  size_t count = 0;
  trie.for_each([&](uint32_t) { ++count; });
  EXPECT_EQ(count, model.size());
  for (const auto& [hash, payload] : model) ASSERT_TRUE(has(trie, hash, payload));
}

TEST(HashTrie, AnEditLeavesTheOldTrieAsItWas) {
  std::mt19937_64 random(2);
  std::vector<uint64_t> hashes(5000);
  for (auto& h : hashes) h = random();
  Trie::Editor first{Trie()};
  for (uint32_t i = 0; i < hashes.size(); ++i) first.insert(hashes[i], i);
  const Trie old = std::move(first).finish();
  Trie::Editor second(old);
  for (uint32_t i = 0; i < hashes.size(); i += 2) second.erase(hashes[i], i);
  for (uint32_t i = 0; i < 1000; ++i) second.insert(random(), 100000 + i);
  const Trie changed = std::move(second).finish();
  for (uint32_t i = 0; i < hashes.size(); ++i) {
    ASSERT_TRUE(has(old, hashes[i], i));
    ASSERT_EQ(has(changed, hashes[i], i), i % 2 == 1);
  }
}

TEST(HashTrie, ManyAtOnceAreWhatOneAfterTheOtherAre) {
  std::mt19937_64 random(3);
  // Evenly spread, and with a part that shares a path, so that its leaves lie deeper.
  for (const size_t count : {0U, 1U, 2U, 208U, 209U, 5000U, 300000U}) {
    std::vector<std::pair<uint64_t, uint32_t>> entries(count);
    for (uint32_t i = 0; i < count; ++i) entries[i] = {random() >> (i % 10 == 0 ? 12 : 0), i};
    Trie::Editor editor{Trie()};
    editor.insert(entries);
    const Trie whole = std::move(editor).finish();
    for (const auto& [hash, payload] : entries) ASSERT_TRUE(has(whole, hash, payload));
    size_t found = 0;
    whole.for_each([&](uint32_t) { ++found; });
    EXPECT_EQ(found, count);

    Trie::Editor more(whole);
    for (const auto& [hash, payload] : entries) {
      if (payload % 2 == 0) {
        EXPECT_TRUE(more.erase(hash, payload));
      }
    }
    more.insert(std::vector<std::pair<uint64_t, uint32_t>>{{1, 1000000}, {2, 1000001}});
    const Trie changed = std::move(more).finish();
    for (const auto& [hash, payload] : entries) ASSERT_EQ(has(changed, hash, payload), payload % 2 == 1);
    EXPECT_TRUE(has(changed, 1, 1000000) && has(changed, 2, 1000001));
  }
}

TEST(HashTrie, ManyAtOnceThatCannotBeToldApartAreRefused) {
  std::vector<std::pair<uint64_t, uint32_t>> entries;
  for (uint32_t i = 0; i < 209; ++i) entries.emplace_back(uint64_t{0xABCDEF00} << 32 | uint64_t{i % 256} << 32, i);
  Trie::Editor editor{Trie()};
  EXPECT_THROW(editor.insert(entries), std::length_error);
  EXPECT_TRUE(std::move(editor).finish().empty());
}

TEST(HashTrie, TellsEqualHashesApartByPayload) {
  Trie::Editor editor{Trie()};
  editor.insert(7, 1);
  editor.insert(7, 2);
  EXPECT_FALSE(editor.erase(7, 3));
  const Trie trie = std::move(editor).finish();
  EXPECT_TRUE(has(trie, 7, 1));
  EXPECT_TRUE(has(trie, 7, 2));
  EXPECT_FALSE(has(trie, 7, 3));
}

TEST(HashTrie, GrowsBelowASharedPathAndRefusesWhatCannotBeToldApart) {
  Trie::Editor editor{Trie()};
  for (uint32_t i = 0; i < 208; ++i) editor.insert(uint64_t{0xABCDEF00} << 32 | uint64_t{i % 256} << 32, i);
  EXPECT_THROW(editor.insert(uint64_t{0xABCDEF77} << 32, 999), std::length_error);
}

}  // namespace
}  // namespace axfrd::zones

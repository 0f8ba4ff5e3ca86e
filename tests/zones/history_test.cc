// Histories of random edits: whatever a secondary has, the difference leads it to what we have.
#include "zones/data/history.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "tests/zones/support.h"
#include "zones/answer/ixfr.h"
#include "zones/data/draft.h"

namespace axfrd::zones::test {
namespace {

// All records; the case of names does not count.
std::string octets_of(const ZoneVersion& version) {
  std::string all;
  version.for_each_record([&](const Record& record) { all += record_key(record); });
  return all;
}

// `version` with `draft` made, as the committer does it.
VersionRef commit(const ZoneVersion& version, const Draft& draft, uint32_t serial, size_t room = 1 << 20) {
  auto finished = draft.finish();
  if (const auto* reason = std::get_if<std::string>(&finished)) throw std::invalid_argument(*reason);
  auto& result = std::get<Draft::Changes>(finished);
  set_soa_serial(result.soa, serial);
  const StepRef step(new Step(version.soa_record(), serial, 0, result.delta));
  return version.apply(result.delta, result.soa, {nullptr, History::extend(version.history(), step, room)});
}

// `additions` and `removals`: a record a line.
Draft edited(const VersionRef& version, const std::string& additions, const std::string& removals = "") {
  Draft draft(version);
  const Name apex(version->apex().name);
  const auto make = [&](const Result<Edit>& edit) { EXPECT_FALSE(draft.apply(std::get<Edit>(edit)).has_value()); };
  std::string line;
  for (std::istringstream lines(removals); std::getline(lines, line);) make(parse_removal(line, apex));
  for (std::istringstream lines(additions); std::getline(lines, line);)
    make(parse_addition(line, apex, [](auto, auto) { return 60U; }));
  return draft;
}

// The messages of a difference, read as a secondary does it (RFC 1995 §4), applied to `old`.
VersionRef apply_messages(const ZoneVersion& old, const Difference& difference) {
  std::vector<OwnedRecord> records;
  RecordScratch scratch;
  for (const MessageImage& message : difference.messages) {
    const Bytes body = bytes_of(message.bytes);
    unsigned at = 0, count = 0;
    for (; at < body.size(); ++count)
      records.emplace_back(unpack_record(body, at, old.apex().question_end(), old.apex(), scratch));
    EXPECT_EQ(count, message.records);
  }
  EXPECT_EQ(records.front().type, rrtype::SOA);
  EXPECT_TRUE(same_record(records.front().view(), records.back().view()));
  EXPECT_TRUE(same_record(records.at(1).view(), old.soa_record().view()));
  Delta delta;
  size_t i = 2;
  for (; records.at(i).type != rrtype::SOA; ++i) delta.removed.push_back(records[i]);
  EXPECT_TRUE(same_record(records[i].view(), records.front().view()));
  for (++i; i + 1 < records.size(); ++i) delta.added.push_back(records[i]);
  return old.apply(delta, records.front(), {});
}

class RandomEdits {
 public:
  explicit RandomEdits(unsigned seed) : random_(seed) {}

  // A few edits: names, types and TTLs are few, so that they meet.
  Draft operator()(const VersionRef& version) {
    Draft draft(version);
    for (unsigned n = 1 + pick(6); n > 0; --n) {
      Draft attempt = draft;
      const std::string owner = pick(8) == 0 ? "@" : (pick(4) == 0 ? "x." : "") + ("Host" + std::to_string(pick(40)));
      const Name apex(version->apex().name);
      const auto edit = pick(3) == 0 ? parse_removal(removal(owner), apex)
                                     : parse_addition(owner + " " + addition(), apex, [](auto, auto) { return 60U; });
      attempt.apply(std::get<Edit>(edit));
      if (std::holds_alternative<Draft::Changes>(attempt.finish())) draft = std::move(attempt);
    }
    return draft;
  }

 private:
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::string addition() {
    const std::string ttl = std::to_string(60 * (1 + pick(3)));
    switch (pick(6)) {
      case 0:
        return ttl + " CNAME target" + std::to_string(pick(3));
      case 1:
        return ttl + " TXT \"" + std::string(pick(200), 'x') + std::to_string(pick(5)) + "\"";
      case 2:
        return ttl + " MX 10 " + (pick(2) == 0 ? "mail" : "MAIL") + std::to_string(pick(5));
      default:
        return ttl + " A 192.0.2." + std::to_string(pick(8));
    }
  }
  std::string removal(const std::string& owner) {
    switch (pick(4)) {
      case 0:
        return owner;
      case 1:
        return owner + (pick(2) == 0 ? " A" : " MX 10 Mail" + std::to_string(pick(5)));
      default:
        return owner + " A 192.0.2." + std::to_string(pick(8));
    }
  }
  std::mt19937 random_;
};

TEST(History, AnySerialOfARandomHistoryLeadsToTheCurrentVersion) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    RandomEdits edits(seed);
    std::string text = "$TTL 60\n@ SOA ns admin 100 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";
    // Half of the zones have several pages.
    for (unsigned i = 0; seed % 2 == 1 && i < 3000; ++i) text += "many" + std::to_string(i) + " A 192.0.2.7\n";
    std::vector<VersionRef> versions{zone_of("example.", text)};
    for (uint32_t serial = 101; serial < 140; ++serial) {
      const VersionRef& last = versions.back();
      versions.push_back(commit(*last, edits(last), serial));
    }
    const ZoneVersion& current = *versions.back();
    const std::string wanted = octets_of(current);
    for (const VersionRef& old : versions) {
      if (old->serial() == current.serial()) continue;
      const auto since = current.history()->since(old->serial());
      ASSERT_TRUE(since.has_value()) << old->serial();
      const VersionRef led = old->apply(since->delta, current.soa_record(), {});
      ASSERT_EQ(octets_of(*led), wanted) << "seed " << seed << " from " << old->serial();
      const auto difference = make_difference(current, old->serial());
      if (seed % 2 == 1) {
        ASSERT_NE(difference, nullptr);
      }
      if (difference) {
        ASSERT_EQ(octets_of(*apply_messages(*old, *difference)), wanted);
      }
    }
  }
}

TEST(History, WhatCameAndWentDoesNotShow) {
  const VersionRef first = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\nkept 60 A 192.0.2.1\n");
  const VersionRef second = commit(*first, edited(first, "passing 60 A 192.0.2.9"), 2);
  const VersionRef third = commit(*second, edited(second, "stays 60 A 192.0.2.3", "passing"), 3);
  const auto since = third->history()->since(1);
  ASSERT_TRUE(since.has_value());
  EXPECT_TRUE(since->delta.removed.empty());
  ASSERT_EQ(since->delta.added.size(), 1U);
  EXPECT_EQ(since->delta.added[0].owner.to_text(), "stays.example.");
}

TEST(History, AChangedTtlRemovesAndAddsTheWholeRRset) {
  const VersionRef first = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\nh 60 A 192.0.2.1\nh 60 A 192.0.2.2\n");
  const VersionRef second = commit(*first, edited(first, "h 300 A 192.0.2.3"), 2);
  const auto since = second->history()->since(1);
  ASSERT_TRUE(since.has_value());
  EXPECT_EQ(since->delta.removed.size(), 2U);
  EXPECT_EQ(since->delta.added.size(), 3U);
}

TEST(History, KeepsTheNewestStepsThatHaveRoom) {
  VersionRef version = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n");
  for (uint32_t serial = 2; serial < 100; ++serial)
    version = commit(*version, edited(version, "h" + std::to_string(serial) + " 60 A 192.0.2.1"), serial, 2000);
  EXPECT_LE(version->history()->memory(), 2000U);
  EXPECT_TRUE(version->history()->since(98).has_value());
  EXPECT_FALSE(version->history()->since(1).has_value());
  EXPECT_FALSE(version->history()->since(99).has_value());
}

TEST(History, AStepLargerThanItsRoomLeavesNone) {
  const VersionRef version = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n");
  EXPECT_EQ(commit(*version, edited(version, "h 60 A 192.0.2.1"), 2, 10)->history(), nullptr);
}

TEST(History, AGapIsNoHistory) {
  const VersionRef first = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n");
  const StepRef one(new Step(first->soa_record(), 2, 0, {}));
  OwnedRecord third = first->soa_record();
  set_soa_serial(third, 3);
  const StepRef other(new Step(third, 4, 0, {}));
  EXPECT_FALSE(History({one, other}).since(1).has_value());
  EXPECT_TRUE(History({one, other}).since(3).has_value());
}

TEST(History, TellsWhichAliasesThereWere) {
  const VersionRef first = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n");
  const auto aliases = [](const char* target) {
    return std::make_shared<const std::vector<PseudoRecord>>(
        1, PseudoRecord{PseudoRecord::Kind::alias, name("example."), 60, target, {}});
  };
  std::vector<StepRef> steps;
  OwnedRecord soa = first->soa_record();
  const std::array<Step::PseudoBefore, 3> before{std::nullopt, PseudoRecords(), aliases("a.test.")};
  for (uint32_t serial = 1; serial <= before.size(); ++serial) {
    set_soa_serial(soa, serial);
    steps.push_back(new Step(soa, serial + 1, 0, {}, before[serial - 1]));
  }
  const History history(steps);
  EXPECT_EQ(history.since(1)->pseudo.value(), nullptr) << "as before the second step, for the first changed nothing";
  EXPECT_EQ(history.since(2)->pseudo.value(), nullptr);
  EXPECT_EQ(history.since(3)->pseudo.value()->front().target, "a.test.");
}

TEST(Step, MalformedRecordsAreRefused) {
  const VersionRef version = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\nh 60 A 192.0.2.1\n");
  Delta delta;
  delta.removed = version->records_at(name("h.example."));
  const Step step(version->soa_record(), 2, 7, delta);
  EXPECT_EQ(Step(2, 7, 1, 0, step.records()).from(), 1U);
  EXPECT_THROW(Step(2, 7, 2, 0, step.records()), std::invalid_argument);
  EXPECT_THROW(Step(2, 7, 0, 0, step.records()), std::invalid_argument);
  for (size_t size = 0; size < step.records().size(); ++size)
    EXPECT_THROW(Step(2, 7, 1, 0, step.records().substr(0, size)), std::invalid_argument) << size;
}

TEST(Difference, FromAFileIsExact) {
  const VersionRef old = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\nA 60 A 192.0.2.1\nb 60 A 192.0.2.1\n");
  auto parsed = parse_zone("@ 60 SOA ns admin 2 2 3 4 5\na 60 A 192.0.2.1\nb 90 A 192.0.2.1\nc 1 A 192.0.2.1\n",
                           name("example."), "f");
  const RecordSet& records = std::get<ZoneText>(parsed).records;
  const Delta delta = difference(*old, records);
  EXPECT_EQ(delta.removed.size(), 1U);  // the TTL of one; another case of the other owner is no difference
  EXPECT_EQ(delta.added.size(), 2U);
  OwnedRecord soa = old->soa_record();
  set_soa_serial(soa, 2);
  EXPECT_EQ(octets_of(*old->apply(delta, soa, {})), octets_of(*ZoneVersion::build(records)));
}

TEST(MakeDifference, IsNothingWhenTheZoneIsTheShorterAnswer) {
  const VersionRef old = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\nh 60 A 192.0.2.1\n");
  std::string many;
  for (int i = 0; i < 50; ++i) many += "h" + std::to_string(i) + " 60 A 192.0.2.1\n";
  const VersionRef large = commit(*old, edited(old, many), 2);
  std::string none;
  for (int i = 0; i < 50; ++i) none += "h" + std::to_string(i) + "\n";
  const VersionRef small = commit(*large, edited(large, "", none), 3);
  EXPECT_EQ(make_difference(*small, 2), nullptr);
  EXPECT_EQ(make_difference(*small, 77), nullptr);
}

TEST(MakeDifference, SpansSeveralMessages) {
  std::string text = "@ 60 SOA ns admin 1 2 3 4 5\n", more;
  for (int i = 0; i < 5000; ++i) {
    text += "old" + std::to_string(i) + " 60 A 192.0.2.1\n";
    if (i % 2 == 0) more += "new" + std::to_string(i) + " 60 A 192.0.2.1\n";
  }
  const VersionRef old = zone_of("example.", text);
  const VersionRef next = commit(*old, edited(old, more), 2);
  const auto difference = make_difference(*next, 1);
  ASSERT_NE(difference, nullptr);
  EXPECT_GT(difference->messages.size(), 1U);
  for (const MessageImage& message : difference->messages) EXPECT_LE(message.bytes.size(), kMaxPageMessage);
  EXPECT_EQ(octets_of(*apply_messages(*old, *difference)), octets_of(*next));
}

}  // namespace
}  // namespace axfrd::zones::test

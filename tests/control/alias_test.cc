#include "control/alias/alias.h"

#include <deque>

#include "control/ingest/importer.h"
#include "tests/control/made_clock.h"
#include "tests/control/support.h"
#include "zones/data/derived.h"

namespace axfrd::control {
namespace {

using std::chrono::hours, std::chrono::milliseconds, std::chrono::seconds;
using test::kSmallZone;
using test::name;
using zones::VersionRef;
using zones::rrtype::A, zones::rrtype::AAAA;

const std::string kOne{10, 0, 0, 1}, kTwo{10, 0, 0, 2}, kThree{10, 0, 0, 3};
const std::string kSix = std::string{32, 1, 13, -72} + std::string(11, '\0') + '\1';

zones::Addresses addresses(const std::string& v4, uint32_t ttl = 0x7FFFFFFF) { return {{true, ttl, v4}, {}, 0}; }

// A version of a zone, as the committer would make it first.
VersionRef zone_of(const std::string& apex, const std::string& text) {
  auto parsed = zones::parse_zone(text, name(apex), "test");
  if (auto* error = std::get_if<zones::ZoneFileError>(&parsed)) throw std::invalid_argument(error->to_text());
  auto& zone = std::get<zones::ZoneText>(parsed);
  zones::Attributes attributes;
  if (!zone.pseudo.empty()) attributes.pseudo = std::make_shared<const std::vector<zones::PseudoRecord>>(zone.pseudo);
  return zones::ZoneVersion::build(zone.records, attributes);
}

// Time, resolver and committer in the hands of the test: nothing happens but what it does.
class AliasTest : public testing::Test {
 protected:
  void make(AliasSettings settings = {}, bool allow_special = true) {
    settings.allow_special = allow_special;  // most addresses of these tests are private
    settings_ = settings;
    aliases_.emplace(settings,
                     Aliases::World{[this] { return clock_.now(); }, [this](auto time) { clock_.wake_at(time); },
                                    [this](const std::string& target, uint16_t type, ResolvedDone done) {
                                      ++asked_[{target, type}];
                                      under_way_.push_back({target, type, std::move(done)});
                                    },
                                    [this](const zones::Name& apex, Aliases::Found found, Aliases::ChangeDone done) {
                                      change(apex.to_text(), found);
                                      done(refusal_);
                                    }},
                     log_.log());
  }
  void load(const std::string& apex, const std::string& records) { publish(zone_of(apex, kSmallZone + records)); }
  void publish(const VersionRef& version) {
    versions_[version->apex().name.to_text()] = version;
    aliases_->published({{{version, {}}}, {}});
  }
  void change(const std::string& apex, const Aliases::Found& found) {
    ++changes_;
    if (refusal_) return;
    const VersionRef version = versions_.at(apex);
    zones::Draft draft(version);
    draft.set_alias_addresses(found);
    draft.set_url_addresses(settings_.url);
    auto result = std::get<zones::Draft::Changes>(draft.finish());
    zones::Attributes attributes = version->attributes();
    attributes.pseudo = result.pseudo;
    zones::set_soa_serial(result.soa, version->serial() + (result.delta.empty() ? 0 : 1));
    publish(version->apply(result.delta, result.soa, std::move(attributes)));
  }
  // Gives the answers that were prepared with answers_ to what is under way, and lets time pass until nothing is to be
  // done before `end`.
  void run(test::MadeClock::Duration span) {
    clock_.run(
        span, [this] { answer_all(); }, [this] { aliases_->turn(); });
  }
  void answer_all() {
    while (!under_way_.empty()) {
      const auto question = std::move(under_way_.front());
      under_way_.pop_front();
      const auto answer = answers_.find({question.target, question.type});
      question.done(answer != answers_.end() ? answer->second : Resolved{"", "", 300});
    }
  }
  std::multiset<std::string> records(const std::string& apex, const std::string& owner) {
    std::multiset<std::string> texts;
    for (const auto& r : versions_.at(apex)->records_at(name(owner))) texts.insert(zones::record_to_text(r.view()));
    return texts;
  }
  Json report(const std::string& apex) { return aliases_->report(*versions_.at(apex)); }
  using Texts = std::multiset<std::string>;

  struct Question {
    std::string target;
    uint16_t type;
    ResolvedDone done;
  };
  test::LogFile log_;
  AliasSettings settings_;
  test::MadeClock clock_;
  std::deque<Question> under_way_;
  std::map<std::pair<std::string, uint16_t>, Resolved> answers_;
  std::map<std::pair<std::string, uint16_t>, unsigned> asked_;
  std::map<std::string, VersionRef> versions_;
  std::optional<Failure> refusal_;
  unsigned changes_ = 0;
  std::optional<Aliases> aliases_;
};

TEST_F(AliasTest, TheAddressesOfATargetBecomeRecordsOfTheZone) {
  make();
  answers_[{"t.other.", A}] = {"", kOne + kTwo, 60};
  answers_[{"t.other.", AAAA}] = {"", kSix, 900};
  load("example.", "a 300 ALIAS t.other.\n");
  EXPECT_EQ(report("example.")[0]["state"], "never resolved");
  run(seconds(1));
  EXPECT_EQ(records("example.", "a.example."),
            (Texts{"a.example.\t60\tIN\tA\t10.0.0.1", "a.example.\t60\tIN\tA\t10.0.0.2",
                   "a.example.\t300\tIN\tAAAA\t2001:db8::1"}))
      << "the lower of both TTLs";
  EXPECT_EQ(changes_, 1U) << "both families in one change";
  const Json line = report("example.")[0];
  EXPECT_EQ(line["state"], "ok");
  EXPECT_EQ(line["addresses"], Json::parse(R"(["10.0.0.1", "10.0.0.2", "2001:db8::1"])"));
}

TEST_F(AliasTest, ATargetIsAskedAgainWhenItsTtlHasPassed) {
  make();
  answers_[{"t.other.", A}] = {"", kOne, 100};
  load("example.", "a 300 ALIAS t.other.\n");
  run(seconds(99));
  EXPECT_EQ((asked_[{"t.other.", A}]), 1U);
  run(seconds(12));
  EXPECT_EQ((asked_[{"t.other.", A}]), 2U) << "within a tenth of the TTL";
  run(hours(1));
  EXPECT_GE((asked_[{"t.other.", A}]), 33U);
  EXPECT_LE((asked_[{"t.other.", A}]), 38U);
  EXPECT_EQ(changes_, 1U) << "what stays as it is changes no zone";
  EXPECT_LE(clock_.turns(), 100U);
}

TEST_F(AliasTest, TheFloorHoldsForLookupsAndTtls) {
  make({seconds(30), 200, {}});
  answers_[{"t.other.", A}] = {"", kOne, 1};
  load("example.", "a 300 ALIAS t.other.\n");
  run(seconds(29));
  EXPECT_EQ((asked_[{"t.other.", A}]), 1U);
  EXPECT_EQ(records("example.", "a.example."), Texts{"a.example.\t30\tIN\tA\t10.0.0.1"});
}

TEST_F(AliasTest, AChangeOfTheTargetChangesTheZone) {
  make();
  answers_[{"t.other.", A}] = {"", kOne, 60};
  load("example.", "a 300 ALIAS t.other.\n");
  run(seconds(10));
  const uint32_t serial = versions_["example."]->serial();
  answers_[{"t.other.", A}] = {"", kTwo, 60};
  run(seconds(70));
  EXPECT_EQ(records("example.", "a.example."), Texts{"a.example.\t60\tIN\tA\t10.0.0.2"});
  EXPECT_EQ(versions_["example."]->serial(), serial + 1);
  EXPECT_EQ(aliases_->counters().changes.read(), 2U);
}

TEST_F(AliasTest, SeveralAliasesOfOneNameAreAUnion) {
  make();
  answers_[{"t.other.", A}] = {"", kOne + kTwo, 60};
  answers_[{"u.other.", A}] = {"", kTwo + kThree, 50};
  load("example.", "a 300 ALIAS t.other.\na 40 ALIAS u.other.\n");
  run(seconds(1));
  EXPECT_EQ(
      records("example.", "a.example."),
      (Texts{"a.example.\t40\tIN\tA\t10.0.0.1", "a.example.\t40\tIN\tA\t10.0.0.2", "a.example.\t40\tIN\tA\t10.0.0.3"}));
  answers_[{"u.other.", A}] = {"SERVFAIL", "", 0};
  answers_[{"t.other.", A}] = {"", kOne, 60};
  run(seconds(70));
  EXPECT_EQ(records("example.", "a.example.").size(), 3U) << "the failing one keeps what it had";
}

TEST_F(AliasTest, AFailingTargetKeepsItsLastGoodAddressesAndRaisesOneAlarm) {
  make();
  answers_[{"t.other.", A}] = {"", kOne, 60};
  load("example.", "a 300 ALIAS t.other.\n");
  run(seconds(1));
  answers_[{"t.other.", A}] = {"NXDOMAIN", "", 0};
  run(hours(2));
  EXPECT_EQ(records("example.", "a.example."), Texts{"a.example.\t60\tIN\tA\t10.0.0.1"});
  EXPECT_EQ(changes_, 1U);
  EXPECT_EQ(aliases_->counters().alarms.read(), 1U);
  EXPECT_EQ(aliases_->counters().failing, 1U);
  EXPECT_GT(aliases_->counters().failures.read(), 20U) << "it is tried again";
  EXPECT_LT(aliases_->counters().failures.read(), 40U) << "after growing pauses";
  const Json line = report("example.")[0];
  EXPECT_EQ(line["state"], "failing");
  EXPECT_EQ(line["error"], "A: NXDOMAIN");
  EXPECT_GT(line["age_seconds"], 7000);
  EXPECT_GT(line["failing_seconds"], 7000);
  const std::string log = log_.text();
  EXPECT_EQ(log.find("t.other. A: NXDOMAIN"), log.rfind("t.other. A: NXDOMAIN")) << "once";
  answers_[{"t.other.", A}] = {"", kOne, 60};
  run(hours(1));
  EXPECT_EQ(report("example.")[0]["state"], "ok");
  EXPECT_EQ(aliases_->counters().failing, 0U);
}

TEST_F(AliasTest, NoDataTakesTheFamilyAway) {
  make();
  answers_[{"t.other.", A}] = {"", kOne, 60};
  answers_[{"t.other.", AAAA}] = {"", kSix, 60};
  load("example.", "a 300 ALIAS t.other.\n");
  run(seconds(1));
  answers_[{"t.other.", AAAA}] = {"", "", 60};
  run(seconds(70));
  EXPECT_EQ(records("example.", "a.example."), Texts{"a.example.\t60\tIN\tA\t10.0.0.1"});
  EXPECT_EQ(aliases_->counters().alarms.read(), 0U);
}

TEST_F(AliasTest, ATargetThatNeverResolvedLeavesTheZoneWithoutIt) {
  make();
  answers_[{"t.other.", A}] = answers_[{"t.other.", AAAA}] = {"SERVFAIL", "", 0};
  load("example.", "a 300 ALIAS t.other.\n");
  run(hours(1));
  EXPECT_EQ(changes_, 0U);
  EXPECT_EQ(report("example.")[0]["state"], "never resolved");
  EXPECT_EQ(report("example.")[0]["error"], "A: SERVFAIL; AAAA: SERVFAIL");
}

TEST_F(AliasTest, ZonesShareATarget) {
  make();
  answers_[{"t.other.", A}] = {"", kOne, 600};
  load("one.", "a 300 ALIAS t.other.\n");
  run(seconds(1));
  load("two.", "b 300 ALIAS T.Other.\n");
  run(seconds(1));
  EXPECT_EQ(records("two.", "b.two."), Texts{"b.two.\t300\tIN\tA\t10.0.0.1"});
  EXPECT_EQ((asked_[{"t.other.", A}]), 1U) << "what is known is not asked for again";
  EXPECT_EQ(aliases_->counters().targets, 1U);
  aliases_->published({{}, {name("one.")}});
  EXPECT_EQ(aliases_->counters().targets, 1U);
  load("two.", "");
  EXPECT_EQ(aliases_->counters().targets, 0U);
  run(hours(1));
  EXPECT_EQ(asked_.size(), 2U) << "nobody asks for what nobody wants";
}

TEST_F(AliasTest, AnAnswerForATargetThatHasGoneIsForgotten) {
  make();
  load("example.", "a 300 ALIAS t.other.\n");
  clock_.advance(seconds(1));
  aliases_->turn();
  clock_.advance(seconds(1));
  aliases_->turn();
  ASSERT_EQ(under_way_.size(), 2U);
  aliases_->published({{}, {name("example.")}});
  answer_all();
  EXPECT_EQ(changes_, 0U);
}

TEST_F(AliasTest, LookupsKeepToTheRate) {
  make({seconds(30), 20, {}});
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a" + std::to_string(i) + " 300 ALIAS t" + std::to_string(i) + ".other.\n";
  load("example.", text);
  run(seconds(10));
  EXPECT_GE(aliases_->counters().lookups.read(), 190U);
  EXPECT_LE(aliases_->counters().lookups.read(), 205U);
  EXPECT_LE(clock_.turns(), 500U) << "the timer wakes it for some at a time";
}

TEST_F(AliasTest, WhatBeganTogetherDoesNotStayTogether) {
  make({seconds(30), 100000, {}});
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += "a" + std::to_string(i) + " 300 ALIAS t" + std::to_string(i) + ".other.\n";
    answers_[{"t" + std::to_string(i) + ".other.", A}] = {"", kOne, 300};
  }
  load("example.", text);
  run(seconds(310));
  const uint64_t soon = aliases_->counters().lookups.read();
  EXPECT_GT(soon, 2000U);
  EXPECT_LT(soon, 3500U);
}

TEST_F(AliasTest, AfterARestartTheStoredAddressesStayUntilALookupSaysOtherwise) {
  make();
  answers_[{"t.other.", A}] = {"", kOne, 60};
  load("example.", "a 300 ALIAS t.other.\n");
  run(seconds(1));
  const VersionRef stored = versions_["example."];
  make();
  changes_ = 0;
  answers_[{"t.other.", A}] = {"SERVFAIL", "", 0};
  publish(stored);
  run(hours(1));
  EXPECT_EQ(changes_, 0U);
  EXPECT_EQ(records("example.", "a.example.").size(), 1U);
  EXPECT_EQ(report("example.")[0]["state"], "failing");
  answers_[{"t.other.", A}] = {"", kTwo, 60};
  run(hours(1));
  EXPECT_EQ(records("example.", "a.example."), Texts{"a.example.\t60\tIN\tA\t10.0.0.2"});
}

TEST_F(AliasTest, AZoneThatCannotBeChangedIsTriedAgainWithTheNextAnswer) {
  make();
  answers_[{"t.other.", A}] = {"", kOne, 60};
  refusal_ = Failure{FailureCode::bad_zone, "no room"};
  load("example.", "a 300 ALIAS t.other.\n");
  run(seconds(10));
  EXPECT_EQ(changes_, 1U);
  EXPECT_EQ(report("example.")[0]["error"], "no room");
  refusal_.reset();
  run(seconds(70));
  EXPECT_EQ(records("example.", "a.example.").size(), 1U);
  EXPECT_TRUE(report("example.")[0]["error"].is_null());
}

TEST_F(AliasTest, AnotherRedirectorChangesTheZonesWithAUrl) {
  make({seconds(30), 200, addresses(kThree)});
  load("example.", "u 300 URL \"http://x/\"\n");
  run(seconds(1));
  EXPECT_EQ(records("example.", "u.example."), Texts{"u.example.\t300\tIN\tA\t10.0.0.3"});
  EXPECT_EQ(report("example.")[0]["state"], "ok");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(AliasTest, AUrlWithoutARedirectorSaysSo) {
  make();
  load("example.", "u 300 URL \"http://x/\"\n");
  run(seconds(1));
  EXPECT_EQ(changes_, 0U);
  EXPECT_NE(report("example.")[0]["state"].get<std::string>().find("--url-address"), std::string::npos);
}

// ---- targets that take turns, and those that give too much ----

// Addresses 203.1.113.`first` and the `count - 1` behind it, which are nobody's special ones.
std::string pool(unsigned first, unsigned count = 1) {
  std::string all;
  for (unsigned i = 0; i < count; ++i) all += std::string{'\xCB', 1, 113, static_cast<char>(first + i)};
  return all;
}

TEST_F(AliasTest, ATargetThatRotatesItsAddressesSettlesWhereTheyAreHeld) {
  make({.floor = seconds(30), .hold = std::chrono::minutes(30)});
  load("example.", "a 30 ALIAS cdn.\n");
  for (unsigned i = 0; i < 40; ++i) {  // 8 of 24, in turn
    answers_[{"cdn.", A}] = {"", pool(1 + 8 * (i % 3), 8), 20};
    run(seconds(33));
  }
  EXPECT_EQ(records("example.", "a.example.").size(), 24U);
  EXPECT_TRUE(report("example.")[0]["rotating"].get<bool>());
  const unsigned before = changes_;
  for (unsigned i = 0; i < 20; ++i) {
    answers_[{"cdn.", A}] = {"", pool(1 + 8 * (i % 3), 8), 20};
    run(seconds(33));
  }
  EXPECT_EQ(changes_, before) << "nothing new is answered any more";
  answers_[{"cdn.", A}] = {"", pool(200, 2), 20};
  run(seconds(40));
  EXPECT_EQ(records("example.", "a.example.").size(), 2U) << "what is all new is a failover, and waits for nothing";
}

TEST_F(AliasTest, AFailoverOfATargetThatDoesNotRotateIsAtOnceInSpiteOfAHold) {
  make({.floor = seconds(30), .hold = hours(1)});
  answers_[{"t.", A}] = {"", pool(1, 2), 30};
  load("example.", "a 30 ALIAS t.\n");
  run(seconds(40));
  answers_[{"t.", A}] = {"", pool(2, 2), 30};  // one stays, one leaves, one comes
  run(seconds(40));
  EXPECT_EQ(records("example.", "a.example."),
            (Texts{"a.example.\t30\tIN\tA\t203.1.113.2", "a.example.\t30\tIN\tA\t203.1.113.3"}));
  EXPECT_FALSE(report("example.")[0]["rotating"].get<bool>());
}

TEST_F(AliasTest, WithoutAHoldAnswersAreTakenAtTheirWord) {
  make({.floor = seconds(30)});
  load("example.", "a 30 ALIAS cdn.\n");
  for (unsigned i = 0; i < 6; ++i) {
    answers_[{"cdn.", A}] = {"", pool(1 + 8 * (i % 2), 8), 30};
    run(seconds(40));
    EXPECT_EQ(records("example.", "a.example.").size(), 8U);
  }
}

TEST_F(AliasTest, ChangesThatAreTooManyAreDeferredAndTheFirstAfterAQuietHourIsNot) {
  make({.floor = seconds(1), .changes_an_hour = 6});
  load("example.", "a 30 ALIAS cdn.\n");
  unsigned at = 0;
  const auto turn_about = [&](unsigned times) {
    for (unsigned i = 0; i < times; ++i) {
      answers_[{"cdn.", A}] = {"", pool(1 + ++at % 2), 2};
      run(seconds(3));
    }
  };
  turn_about(40);
  EXPECT_LE(changes_, 11U);
  EXPECT_GE(changes_, 10U);
  EXPECT_GT(aliases_->counters().deferred_changes.read(), 0U);
  EXPECT_NE(log_.text().find("zone example.: the addresses of its ALIAS targets change so often"), std::string::npos);
  run(hours(2));  // the last answer gets in, and all is quiet
  const unsigned before = changes_;
  turn_about(5);
  EXPECT_EQ(changes_, before + 5);
}

TEST_F(AliasTest, NoMoreAddressesThanAllowedArePublishedAndTheyStayTheSame) {
  make({.floor = seconds(30), .max_addresses = 4});
  answers_[{"t.", A}] = {"", pool(100, 100), 30};
  load("example.", "a 30 ALIAS t.\n");
  run(seconds(1));
  const auto first = records("example.", "a.example.");
  EXPECT_EQ(first.size(), 4U);
  EXPECT_NE(log_.text().find("has 100 addresses, of which 4 are published"), std::string::npos);
  answers_[{"t.", A}] = {"", pool(50, 150), 30};
  run(seconds(40));
  EXPECT_EQ(records("example.", "a.example."), first);
  EXPECT_EQ(aliases_->counters().alarms.read(), 1U);
}

TEST_F(AliasTest, SpecialPurposeAddressesAreLeftOutUnlessTheyAreAllowed) {
  make({.floor = seconds(30)}, false);
  answers_[{"t.", A}] = {"", kOne + pool(1), 30};
  answers_[{"inside.", A}] = {"", kOne, 30};
  load("example.", "a 30 ALIAS t.\nb 30 ALIAS inside.\n");
  run(seconds(1));
  EXPECT_EQ(records("example.", "a.example."), (Texts{"a.example.\t30\tIN\tA\t203.1.113.1"}));
  EXPECT_TRUE(records("example.", "b.example.").empty());
  EXPECT_NE(report("example.")[1]["error"].get<std::string>().find("special-purpose"), std::string::npos);
  EXPECT_NE(log_.text().find("special-purpose addresses are left out, in zone example."), std::string::npos);
}

TEST_F(AliasTest, AMissingRedirectorTakesNoAddressesAway) {
  AliasSettings with;
  with.url = addresses(kOne);
  make(with);
  load("example.", "u 60 URL \"https://www.example/\"\n");
  run(seconds(1));
  ASSERT_EQ(records("example.", "u.example.").size(), 1U);
  const VersionRef before = versions_.at("example.");
  make();  // as after a start without the option
  publish(before);
  run(seconds(1));
  EXPECT_EQ(records("example.", "u.example.").size(), 1U);
  EXPECT_EQ(report("example.")[0]["state"], "kept: --url-address is not set");
  EXPECT_NE(log_.text().find("zone example. has URL records, and --url-address is not set"), std::string::npos);
  zones::Draft draft(before);  // nor does any other change
  draft.set_url_addresses({});
  EXPECT_TRUE(std::get<zones::Draft::Changes>(draft.finish()).delta.empty());
}

TEST(SpecialPurpose, IsWhatTheRegistriesSay) {
  for (const char* text :
       {"10.1.2.3",     "127.0.0.1",  "169.254.1.1",      "172.16.0.1",      "172.31.255.255", "192.168.1.1",
        "100.64.0.1",   "0.0.0.0",    "224.0.0.1",        "255.255.255.255", "192.0.2.1",      "198.18.0.1",
        "::1",          "::",         "fe80::1",          "fd00::1",         "ff02::1",        "2001:db8::1",
        "2002:a00:1::", "64:ff9b::1", "::ffff:192.0.2.1", "3fff::1"}) {
    const IpAddress address = boost::asio::ip::make_address(text);
    const std::string octets(zones::text_of(AddressOctets(address).bytes()));
    EXPECT_TRUE(is_special(octets)) << text;
  }
  for (const char* text : {"9.9.9.9", "11.0.0.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "223.255.255.255",
                           "2606:4700::1111", "2a00::1", "2001:4860::8888"}) {
    const IpAddress address = boost::asio::ip::make_address(text);
    const std::string octets(zones::text_of(AddressOctets(address).bytes()));
    EXPECT_FALSE(is_special(octets)) << text;
  }
}

// ---- TTLs that a cache counts down ----

TEST(SteadyTtl, KeepsStillWhileACacheCountsDown) {
  SteadyTtl ttl;
  EXPECT_EQ(ttl.after(300), 300U);
  for (const uint32_t seen : {299U, 150U, 20U, 280U, 300U, 90U, 301U, 299U}) EXPECT_EQ(ttl.after(seen), 300U) << seen;
}

TEST(SteadyTtl, RisesAtOnceAndFallsWhenItIsCertain) {
  SteadyTtl ttl(60);
  EXPECT_EQ(ttl.after(300), 300U);
  EXPECT_EQ(ttl.after(100), 300U);
  EXPECT_EQ(ttl.after(98), 300U);
  EXPECT_EQ(ttl.after(99), 100U);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ttl.after(95), 100U);
  EXPECT_EQ(ttl.after(95), 95U) << "three times the same is no accident";
}

// ---- with the committer ----

class AliasCommitTest : public testing::Test {
 protected:
  AliasCommitTest() {
    committer_.set_url_addresses(addresses(kThree));
    committer_.set_observer([this](const Published& published) {
      for (const auto& zone : published.zones) seen_.push_back(zone.version->apex().name.to_text());
      for (const auto& gone : published.gone) seen_.push_back("-" + gone.to_text());
    });
    committer_.start();
  }
  ~AliasCommitTest() override {
    committer_.stop();
    importer_.stop();
  }
  template <class T>
  static Outcome<T> wait_for(const std::function<void(Done<T>)>& ask) {
    std::promise<Outcome<T>> promise;
    ask([&](Outcome<T> outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }
  Outcome<Committer::Imported> import(const std::string& records) {
    return wait_for<Committer::Imported>([&](auto done) {
      importer_.import_text({name("example."), zones::ZoneSource::of_text(kSmallZone + records, "example.zone")},
                            std::move(done));
    });
  }
  Committer::Imported imported(const std::string& records) { return std::get<Committer::Imported>(import(records)); }
  Committer::Changed change(const std::function<void(zones::Draft&)>& work) {
    const auto compose = [&](zones::Draft& draft) -> std::optional<Failure> {
      work(draft);
      return std::nullopt;
    };
    return std::get<Committer::Changed>(wait_for<Committer::Changed>(
        [&](auto done) { committer_.change_zone(name("example."), {.kind = "a test"}, compose, std::move(done)); }));
  }
  void resolve(const std::string& target, const std::string& v4) {
    change([&](zones::Draft& draft) { draft.set_alias_addresses({{target, addresses(v4, 60)}}); });
  }
  std::string addresses_at(const std::string& owner) const {
    const auto apex = name("example.");
    std::string texts;
    for (const auto& r : zones_.find(zones::NameHash::process().of(apex), apex)->current()->records_at(name(owner)))
      texts += zones::record_to_text(r.view()) + ";";
    return texts;
  }

  test::LogFile log_;
  zones::ZoneTable zones_;
  zones::CookieJar cookies_;
  dataplane::Rcu rcu_{4};
  test::TemporaryDirectory directory_;
  Store store_{directory_ / "store"};
  CurrentSettings settings_;
  std::vector<std::string> seen_;  // written by the committer's thread, before the outcome is there
  Committer committer_{zones_, cookies_, rcu_, store_, settings_, size_t{1} << 20, log_.log()};
  Importer importer_{committer_, 1U, log_.log()};
};

TEST_F(AliasCommitTest, AnImportKeepsTheAddressesOfAnAliasThatStays) {
  imported("a 300 ALIAS t.other.\n");
  resolve("t.other.", kOne);
  EXPECT_EQ(addresses_at("a.example."), "a.example.\t60\tIN\tA\t10.0.0.1;");
  const auto same = imported("a 300 ALIAS T.other.\n");
  EXPECT_FALSE(same.removed + same.added != 0);
  EXPECT_FALSE(imported("a 300 ALIAS T.other.\n").changed);
  const auto lower = imported("a 20 ALIAS t.other.\n");
  EXPECT_EQ(addresses_at("a.example."), "a.example.\t20\tIN\tA\t10.0.0.1;");
  EXPECT_NE(lower.serial, *lower.old_serial);
  imported("a 20 ALIAS elsewhere.other.\n");
  EXPECT_EQ(addresses_at("a.example."), "");
}

TEST_F(AliasCommitTest, AnAliasThatGoesTakesItsAddressesWithIt) {
  imported("a 300 ALIAS t.other.\n");
  resolve("t.other.", kOne);
  const auto changed = change([](zones::Draft& draft) {
    draft.apply(std::get<zones::Edit>(zones::parse_removal("a ALIAS", name("example."))));
  });
  EXPECT_EQ(changed.removed, 2U) << "the ALIAS, and its address";
  EXPECT_EQ(addresses_at("a.example."), "");
  EXPECT_EQ(seen_, (std::vector<std::string>{"example.", "example.", "-example."}));
}

TEST_F(AliasCommitTest, AUrlHasTheRedirectorsAddressesAtOnce) {
  const auto fresh = imported("u 300 URL \"http://x/\"\n");
  EXPECT_EQ(addresses_at("u.example."), "u.example.\t300\tIN\tA\t10.0.0.3;");
  EXPECT_EQ(fresh.records, 5U);
  EXPECT_FALSE(imported("u 300 URL \"http://x/\"\n").changed);
  change([](zones::Draft& draft) {
    const auto edit = zones::parse_addition("v URL \"http://y/\"", name("example."), [](auto, auto) { return 60U; });
    draft.apply(std::get<zones::Edit>(edit));
  });
  EXPECT_EQ(addresses_at("v.example."), "v.example.\t60\tIN\tA\t10.0.0.3;");
}

TEST_F(AliasCommitTest, AddressesBesideAnAliasAreRefused) {
  for (const char* record : {"a A 192.0.2.1\n", "a AAAA 2001:db8::1\n", "a CNAME www\n"}) {
    const auto outcome = import(std::string("a 300 ALIAS t.other.\n") + "$TTL 60\n" + record);
    ASSERT_TRUE(std::holds_alternative<Failure>(outcome)) << record;
    EXPECT_NE(std::get<Failure>(outcome).reason.find("example.zone:7: a.example. has an ALIAS or URL"),
              std::string::npos)
        << std::get<Failure>(outcome).reason;
  }
}

TEST_F(AliasCommitTest, TheStoreKeepsTheAddresses) {
  imported("a 300 ALIAS t.other.\n");
  resolve("t.other.", kOne);
  VersionRef loaded;
  store_.load([&](const Store::Loaded& zone) { loaded = zone.version; }, [](const std::string&) {});
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->pseudo()->front().addresses.same_as(addresses(kOne, 60)));
}

}  // namespace
}  // namespace axfrd::control

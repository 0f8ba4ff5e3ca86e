#include "control/ending/endings.h"

#include <deque>

#include "tests/control/made_clock.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using dnsclient::ParentAnswer;
using std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
using test::name;
using zones::Ending;
using zones::VersionRef;

const std::vector<zones::Name> kNames{name("ns1.acme.test."), name("ns2.acme.test.")};

// Time, parent zone and committer in the hands of the test: nothing happens but what it does.
class EndingsTest : public testing::Test {
 protected:
  void make(EndingSettings settings = {}) {
    endings_.emplace(settings,
                     Endings::World{[this] { return clock_.now(); }, [this] { return unix_now(); },
                                    [this](auto time) { clock_.wake_at(time); },
                                    [this](const zones::Name& apex, const auto& names, dnsclient::ParentDone done) {
                                      EXPECT_EQ(names, kNames);
                                      ++asked_[apex.to_text()];
                                      under_way_.push_back({apex.to_text(), std::move(done)});
                                    },
                                    [this](const zones::Name& apex, const Ending&, Endings::EndDone done) {
                                      if (refusal_) return done(refusal_);
                                      ended_[apex.to_text()] = clock_.now();
                                      endings_->published({{}, {apex}});
                                      done(std::nullopt);
                                    }},
                     log_.log());
  }
  int64_t unix_now() const {
    return 1'800'000'000 + std::chrono::duration_cast<seconds>(clock_.now() - start_).count();
  }

  // The zone becomes visible; `since`: 0 if it is not ending. `ttl`: of its NS records.
  void publish(const std::string& apex = "example.", int64_t since = 7, unsigned ttl = 60) {
    const VersionRef plain = zones::test::zone_of(
        apex, "@ 300 SOA ns.test. host.test. 1 3600 600 86400 300\n@ " + std::to_string(ttl) + " NS ns.test.\n");
    zones::Attributes attributes;
    zones::SecondaryDns settings{true, kNames, {}, {}};
    if (since != 0) settings.ending = Ending{since, kNames};
    attributes.secondary_dns = std::make_shared<const zones::SecondaryDns>(settings);
    endings_->published({{{plain->apply({}, plain->soa_record(), std::move(attributes)), {}}}, {}});
  }
  // Lets time pass; questions are answered with answer_ at once, if there is one.
  void run(test::MadeClock::Duration span) {
    clock_.run(
        span, [this] { answer_all(); }, [this] { endings_->turn(); });
  }
  void answer_all() {
    while (!under_way_.empty() && answer_) {
      auto question = std::move(under_way_.front());
      under_way_.pop_front();
      question.done(*answer_);
    }
  }
  static ParentAnswer names(uint32_t ttl = 0) { return {"", "test.", {kNames[0]}, ttl}; }
  static ParentAnswer nothing(uint32_t ttl = 0) { return {"", "test.", {}, ttl}; }
  static ParentAnswer failure() { return {"SERVFAIL", "", {}, 0}; }
  Json report() { return endings_->report(name("example.")); }
  bool has_ended() const { return ended_.contains("example."); }
  size_t told(const std::string& text) const {
    const std::string log = log_.text();
    size_t count = 0;
    for (size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  struct Question {
    std::string apex;
    dnsclient::ParentDone done;
  };
  test::LogFile log_;
  test::MadeClock clock_;
  const Endings::Time start_ = clock_.now();
  std::deque<Question> under_way_;
  std::optional<ParentAnswer> answer_ = names();
  std::map<std::string, unsigned> asked_;
  std::map<std::string, Endings::Time> ended_;
  std::optional<Failure> refusal_;
  std::optional<Endings> endings_;
};

TEST_F(EndingsTest, WaitsForAsLongAsTheParentNamesThem) {
  make();
  publish();
  EXPECT_EQ(report()["asked_at"], nullptr);
  run(seconds(1));
  EXPECT_EQ(asked_["example."], 1U) << "at once";
  EXPECT_EQ(report()["named"], Json::array({"ns1.acme.test."}));
  EXPECT_EQ(report()["parent"], "test.");
  run(hours(240));
  EXPECT_FALSE(has_ended());
  EXPECT_GT(asked_["example."], 1300U);
  EXPECT_LE(asked_["example."], 1441U);
  EXPECT_EQ(report()["state"], "named");
}

TEST_F(EndingsTest, EndsATtlAfterTheyWereDropped) {
  make();
  publish();
  answer_ = names(7200);  // of which nothing is seen any more when it counts
  run(minutes(15));
  answer_ = nothing(300);
  run(minutes(12));
  EXPECT_EQ(report()["state"], "dropped");
  const int64_t dropped = report()["dropped_at"];
  EXPECT_EQ(report()["ends_at"], dropped + 7200);
  EXPECT_EQ(endings_->counters().dropped, 1U);
  run(seconds(dropped + 7199 - unix_now()));
  EXPECT_FALSE(has_ended());
  run(seconds(2));
  EXPECT_TRUE(has_ended()) << "and not at the question after that";
  EXPECT_EQ(report(), nullptr);
  EXPECT_EQ(endings_->counters().ended.read(), 1U);
  EXPECT_EQ(endings_->counters().zones, 0U);
  EXPECT_EQ(endings_->counters().dropped, 0U);
  EXPECT_EQ(told("names ns1.acme.test., ns2.acme.test. no more"), 1U);
}

TEST_F(EndingsTest, TheLongestTtlCountsWithinBounds) {
  struct Case {
    unsigned own, parent;
    int64_t wait;
  };
  for (const Case& c : {Case{60, 60, 3600}, {7200, 60, 7200}, {60, 172800, 172800}, {60, 0x7FFFFFFF, 604800}}) {
    make();
    answer_ = nothing(c.parent);
    publish("example.", 7, c.own);
    run(seconds(1));
    EXPECT_EQ(report()["ends_at"], report()["dropped_at"].get<int64_t>() + c.wait) << c.own << " " << c.parent;
    run(seconds(c.wait + 1));
    EXPECT_TRUE(has_ended());
    ended_.clear();
  }
}

TEST_F(EndingsTest, NamedAgainTheCountStartsAnew) {
  make();
  publish();
  answer_ = nothing();
  run(minutes(45));
  answer_ = names();
  run(minutes(12));
  EXPECT_EQ(report()["state"], "named");
  EXPECT_EQ(told("names ns1.acme.test. again"), 1U);
  run(minutes(60));
  EXPECT_FALSE(has_ended());
  answer_ = nothing();
  run(minutes(55));
  EXPECT_FALSE(has_ended()) << "what was before does not count";
  run(minutes(20));
  EXPECT_TRUE(has_ended());
}

TEST_F(EndingsTest, AFailureIsNoAnswer) {
  make();
  publish();
  answer_ = failure();
  run(hours(48));
  EXPECT_FALSE(has_ended());
  EXPECT_EQ(report()["state"], "named");
  EXPECT_EQ(report()["problem"], "SERVFAIL");
  EXPECT_EQ(endings_->counters().failing, 1U);
  EXPECT_EQ(told("SERVFAIL"), 1U) << "retries are not told";

  answer_ = nothing();
  run(minutes(12));
  EXPECT_EQ(report()["state"], "dropped");
  EXPECT_EQ(report()["problem"], nullptr);
  EXPECT_EQ(endings_->counters().failing, 0U);
  answer_ = failure();
  run(hours(48));
  EXPECT_FALSE(has_ended()) << "the last word must be an answer";
  EXPECT_EQ(report()["state"], "dropped");
  answer_ = nothing();
  run(minutes(12));
  EXPECT_TRUE(has_ended());
}

TEST_F(EndingsTest, WhatIsTakenBackIsForgottenWithItsQuestion) {
  make();
  publish();
  answer_.reset();
  run(seconds(1));
  ASSERT_EQ(under_way_.size(), 1U);
  publish("example.", 0);
  EXPECT_EQ(report(), nullptr);
  publish("example.", 8);  // again, by the same names
  EXPECT_EQ(endings_->counters().zones, 1U);
  under_way_.front().done(nothing());
  under_way_.pop_front();
  EXPECT_EQ(report()["state"], "named") << "that was an answer to another question";
  answer_ = nothing();
  run(minutes(59));
  EXPECT_FALSE(has_ended());
  run(minutes(2));
  EXPECT_TRUE(has_ended());
}

TEST_F(EndingsTest, AChangeOfTheZoneChangesNothing) {
  make();
  answer_ = nothing();
  publish();
  for (int i = 0; i < 7; ++i) {
    run(minutes(10));
    if (!has_ended()) publish();
  }
  EXPECT_GE(ended_["example."], start_ + hours(1));
  EXPECT_LT(ended_["example."], start_ + hours(1) + seconds(1));
  EXPECT_LE(asked_["example."], 8U);
}

TEST_F(EndingsTest, WhatCannotBeDisabledIsTriedAgain) {
  make();
  publish();
  answer_ = nothing();
  refusal_ = Failure{FailureCode::failed, "the disk is full"};
  run(hours(3));
  EXPECT_EQ(report()["problem"], "the disk is full");
  EXPECT_EQ(told("the disk is full"), 1U);
  refusal_.reset();
  run(minutes(12));
  EXPECT_TRUE(has_ended());
}

TEST_F(EndingsTest, ManyZonesAskNoFaster) {
  make({.rate = 10});
  constexpr int kZones = 5000;
  for (int i = 0; i < kZones; ++i) publish("z" + std::to_string(i) + ".");
  run(seconds(100));
  EXPECT_GE(endings_->counters().questions.read(), 950U);
  EXPECT_LE(endings_->counters().questions.read(), 1011U);
  run(hours(1));
  for (int i = 0; i < kZones; ++i) EXPECT_GE(asked_["z" + std::to_string(i) + "."], 1U) << i;
  EXPECT_LT(clock_.turns(), 40'000U);
  answer_ = failure();
  run(minutes(60));
  EXPECT_EQ(endings_->counters().failing, static_cast<size_t>(kZones));
  EXPECT_LE(told("SERVFAIL"), 60U * 20U);
}

TEST_F(EndingsTest, NoMoreQuestionsAreUnderWayThanThat) {
  make({.rate = 1000});
  answer_.reset();
  for (int i = 0; i < 200; ++i) publish("z" + std::to_string(i) + ".");
  run(minutes(1));
  EXPECT_EQ(under_way_.size(), 64U);
  answer_ = names();
  run(minutes(1));
  EXPECT_TRUE(under_way_.empty());
  EXPECT_EQ(asked_.size(), 200U);
}

}  // namespace
}  // namespace axfrd::control

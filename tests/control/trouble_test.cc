// Facts about what is wrong with secondaries, and about strangers.
#include "control/notify/trouble.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

TEST(Troubles, TheSameAgainIsCountedAndAnotherTakesItsPlace) {
  Troubles troubles;
  troubles.note(Reason::badsig, "first", 100);
  troubles.note(Reason::badsig, "second", 110);
  ASSERT_NE(troubles.worst(), nullptr);
  EXPECT_EQ(troubles.worst()->count, 2U);
  EXPECT_EQ(troubles.worst()->first_at, 100);
  EXPECT_EQ(troubles.worst()->last_at, 110);
  EXPECT_EQ(troubles.worst()->text, "second");
  troubles.note(Reason::badkey, "another", 120);
  EXPECT_EQ(troubles.worst()->reason, Reason::badkey);
}

TEST(Troubles, WhatIsOverStaysKnownAndBeginsAnew) {
  Troubles troubles;
  troubles.note(Reason::not_allowed, "why", 100);
  troubles.end(TroubleKind::notify, 105);
  EXPECT_NE(troubles.worst(), nullptr);
  troubles.end(TroubleKind::request, 110);
  EXPECT_EQ(troubles.worst(), nullptr);
  EXPECT_EQ(troubles.to_json()[0]["over_at"], 110);
  troubles.note(Reason::not_allowed, "why", 120);
  EXPECT_EQ(troubles.worst()->first_at, 120);
}

TEST(Troubles, ADatagramThatMayBeForgedReplacesNoFactAndIsNone) {
  Troubles troubles;
  troubles.note_unverified(Reason::badkey, "forged", 100);
  EXPECT_EQ(troubles.worst(), nullptr);
  troubles.note(Reason::badsig, "true", 110);
  troubles.note_unverified(Reason::badkey, "forged", 120);
  EXPECT_EQ(troubles.worst()->reason, Reason::badsig);
  const Json list = troubles.to_json();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_FALSE(list[0]["unverified"].get<bool>());
  EXPECT_TRUE(list[1]["unverified"].get<bool>());
  EXPECT_EQ(list[1]["count"], 2);
}

TEST(Troubles, SilenceSaysLessThanARefusedConnection) {
  Troubles troubles;
  troubles.note(Reason::no_answer, "silent", 100);
  troubles.note(Reason::connection_refused, "refused", 101);
  troubles.note(Reason::no_answer, "silent", 102);
  EXPECT_EQ(troubles.worst()->reason, Reason::connection_refused);
  EXPECT_EQ(troubles.worst()->last_at, 102);
  troubles.end(TroubleKind::notify, 103);
  troubles.note(Reason::no_answer, "silent", 104);
  EXPECT_EQ(troubles.worst()->reason, Reason::no_answer);
}

Strangers::Attempt attempt(const std::string& zone, const std::string& peer, bool by_tcp, int64_t at) {
  return {test::name(zone), parse_address(peer), false, Reason::not_allowed, "why", by_tcp, at, at};
}

TEST(Strangers, AreCountedByZoneAndAddress) {
  Strangers strangers;
  strangers.note(attempt("a.example", "192.0.2.9", true, 100));
  strangers.note(attempt("A.example", "192.0.2.9", true, 110));
  strangers.note(attempt("b.example", "192.0.2.9", true, 110));
  const Json list = strangers.of(test::name("a.example"));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["peer"], "192.0.2.9");
  EXPECT_EQ(list[0]["count"], 2);
  EXPECT_EQ(list[0]["first_at"], 100);
}

TEST(Strangers, ADatagramDoesNotReplaceWhatCameByTcp) {
  Strangers strangers;
  strangers.note(attempt("a.example", "192.0.2.9", true, 100));
  strangers.note(attempt("a.example", "192.0.2.9", false, 110));
  EXPECT_FALSE(strangers.of(test::name("a.example"))[0]["unverified"].get<bool>());
}

TEST(Strangers, AreBoundedAndTheMostSilentGoes) {
  Strangers strangers;
  strangers.note(attempt("a.example", "192.0.2.9", true, 1));
  strangers.note(attempt("b.example", "192.0.2.9", true, 1));
  for (unsigned i = 0; i < Strangers::kMost - 1; ++i) {
    strangers.note(attempt("a.example", "192.0.2.9", true, 2));  // not silent
    strangers.note(attempt("c.example", "2001:db8::" + std::to_string(i + 1), true, 2));
  }
  EXPECT_EQ(strangers.size(), Strangers::kMost);
  EXPECT_EQ(strangers.forgotten(), 1U);
  EXPECT_TRUE(strangers.of(test::name("b.example")).empty());
  EXPECT_FALSE(strangers.of(test::name("a.example")).empty());
}

}  // namespace
}  // namespace axfrd::control

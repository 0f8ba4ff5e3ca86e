// Delivery without sockets and without real time: each state with each event, and the stories that they make.
#include "control/notify/delivery.h"

#include <gtest/gtest.h>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using std::chrono::milliseconds, std::chrono::minutes, std::chrono::seconds;
using State = Delivery::State;
using Event = Delivery::Event;
using zones::Rcode;

// What the world is asked to send; the test decides what comes of it.
class FakeWorld : public Delivery::World {
 public:
  struct Message {
    Destination to;
    zones::Name apex;
    Delivery::Ticket ticket;
    bool notify, by_tcp;
  };

  Delivery::Time now() override { return now_; }
  int64_t unix_now() override { return 1'800'000'000 + std::chrono::duration_cast<seconds>(now_ - kStart).count(); }
  void wake(Delivery::Time time) override { wake_ = time; }
  Sent send_notify(const Destination& to, const zones::Name& apex, Delivery::Ticket ticket, Channel channel) override {
    if (outcome != Sent::Outcome::sent) return {outcome};
    sent.push_back({to, apex, ticket, true, channel == Channel::tcp});
    return {Sent::Outcome::sent, serials[apex.to_text()]};
  }
  bool send_query(const Destination& to, const zones::Name& apex, Delivery::Ticket ticket) override {
    if (outcome == Sent::Outcome::unsendable) return false;
    sent.push_back({to, apex, ticket, false, false});
    return true;
  }
  void abandon(Delivery::Ticket ticket) override { abandoned.insert(ticket); }
  void proven(const Delivery::Zone& zone) override { proofs.push_back(zone.facts.apex.to_text()); }
  void told(const Delivery::Line&, const char* what, const std::string& why) override {
    outcomes.emplace_back(what);
    reasons.push_back(why);
  }
  void caught_up(const Delivery::Line&, std::optional<Delivery::Clock::duration>) override { ++caught_up_; }
  void raise_serial(const Delivery::Line&, uint32_t above) override { raised.push_back(above); }

  static constexpr Delivery::Time kStart{std::chrono::hours(1)};
  Delivery::Time now_ = kStart;
  std::optional<Delivery::Time> wake_;
  Sent::Outcome outcome = Sent::Outcome::sent;
  std::map<std::string, uint32_t> serials;
  std::vector<Message> sent;
  std::set<Delivery::Ticket> abandoned;
  std::vector<std::string> proofs, outcomes, reasons;
  std::vector<uint32_t> raised;
  unsigned caught_up_ = 0;
};

constexpr const char* kZone = "example.com.";
const IpAddress kPeer = parse_address("192.0.2.1");

class DeliveryTest : public testing::Test {
 protected:
  DeliveryTest() { delivery_.start(); }

  void publish(const std::string& apex, uint32_t serial, const std::string& kept = "",
               const std::vector<std::string>& secondaries = {"192.0.2.1"}) {
    // The same settings are the same object, as in versions that follow each other.
    zones::SecondaryDnsRef& settings = settings_[{apex, secondaries}];
    if (!settings) {
      zones::SecondaryDns made{true, {}, {}, {}};
      for (const std::string& text : secondaries) made.secondaries.push_back(parse_secondary(text));
      settings = std::make_shared<const zones::SecondaryDns>(std::move(made));
    }
    const auto bare = zones::test::zone_of(apex, "@ 60 SOA ns host " + std::to_string(serial) + " 1 1 1 1\n");
    zones::Attributes attributes;
    attributes.secondary_dns = settings;
    const zones::VersionRef version = bare->apply({}, bare->soa_record(), attributes);
    world_.serials[apex] = serial;
    delivery_.set_zone(*version, kept);
  }
  const Delivery::Line& line(const std::string& apex = kZone, size_t i = 0) {
    return *delivery_.find(test::name(apex))->lines.at(i);
  }
  State state() { return line().state; }
  FakeWorld::Message last() { return world_.sent.back(); }
  void answer(Rcode rcode = Rcode::noerror) { delivery_.answered(last().ticket, {rcode, std::nullopt, ""}); }
  void answer_query(std::optional<uint32_t> serial, const std::string& problem = "") {
    delivery_.answered(last().ticket, {Rcode::noerror, serial, problem});
  }
  // Lets time pass, and does what becomes due meanwhile.
  void pass(Delivery::Clock::duration span) {
    const auto end = world_.now_ + span;
    while (world_.wake_ && *world_.wake_ <= end) {
      world_.now_ = std::max(world_.now_, *world_.wake_);
      world_.wake_.reset();
      delivery_.turn();
    }
    world_.now_ = end;
  }
  // The same, a second at a time; connections are refused.
  void pass_in_silence(unsigned seconds_of_it) {
    for (unsigned i = 0; i < seconds_of_it; ++i) {
      pass(seconds(1));
      for (const auto& message : std::vector(world_.sent)) {
        if (message.by_tcp) delivery_.tcp_ended(message.ticket);
      }
    }
  }
  void transfer(uint32_t serial) {
    delivery_.transferred({test::name(kZone), kPeer, "", false, 0, serial, 1, 100, 1, 1});
  }
  void saw(uint32_t serial) { delivery_.saw_serial(test::name(kZone), kPeer, serial); }
  void poll(std::optional<uint32_t> serial) {
    delivery_.polled(zones::NameHash::process().of(test::name(kZone)), kPeer, serial);
  }

  // Brings the line of a zone of serial 7 into a state, by what leads there in real life.
  void enter(State wanted) {
    switch (wanted) {
      case State::current:
        publish(kZone, 7, "192.0.2.1@53 7 1700000000\n");
        break;
      case State::notifying:
        publish(kZone, 7);
        break;
      case State::pausing:
        publish(kZone, 6);
        answer();
        publish(kZone, 7);
        break;
      case State::queued:
        fill_window();
        publish(kZone, 7);
        break;
      case State::expecting:
        publish(kZone, 7);
        answer();
        break;
      case State::confirming:
        publish(kZone, 7);
        transfer(7);
        break;
      case State::querying:
        enter(State::expecting);
        pass(seconds(3));
        break;
      case State::query_queued:  // more questions than may be in flight
        for (unsigned i = 0; i < 32; ++i) {
          publish("asked" + std::to_string(i) + ".", 1);
          answer();
        }
        enter(State::expecting);
        world_.now_ += seconds(3);
        delivery_.turn();
        break;
      case State::stale:
        enter(State::querying);
        answer_query(6);
        break;
      case State::backing_off:
        publish(kZone, 7);
        pass_in_silence(3);
        break;
      case State::no_key:
        world_.outcome = Delivery::World::Sent::Outcome::key_missing;
        publish(kZone, 7, "", {"192.0.2.1=gone.key"});
        world_.outcome = Delivery::World::Sent::Outcome::sent;
        break;
    }
    ASSERT_EQ(state(), wanted);
  }
  // Zones of the same secondary whose NOTIFY is in flight, as many as its window has room for.
  void fill_window() {
    for (unsigned i = 0; i < 128; ++i) publish("filler" + std::to_string(i) + ".", 1);
  }

  test::LogFile log_;
  FakeWorld world_;
  std::map<std::pair<std::string, std::vector<std::string>>, zones::SecondaryDnsRef> settings_;
  Delivery delivery_{world_, log_.log()};
};

// ---- each state with each event ----

struct Cell {
  State state;
  std::vector<std::pair<Event, State>> leads_to;
};

class DeliveryCells : public DeliveryTest,
                      public testing::WithParamInterface<std::pair<State, std::pair<Event, State>>> {
 protected:
  // Makes the event happen, by what causes it in real life. False: it cannot happen in this state.
  bool happen(Event event) {
    const std::string secondary = line().destination().key ? "192.0.2.1=gone.key" : "192.0.2.1";
    switch (event) {
      case Event::changed:
        pass_nothing(milliseconds(200));
        publish(kZone, 8, "", {secondary});
        return true;
      case Event::satisfied:
        saw(7);
        return true;
      case Event::transferred:
        transfer(7);
        return true;
      case Event::lost:
        saw(6);
        return true;
      case Event::claimed:
        poll(7);
        return true;
      case Event::alive:
        delivery_.heard_from(kPeer, true);
        return true;
      case Event::keys_changed:
        delivery_.keys_changed();
        return true;
      case Event::asked:
        return delivery_.notify_again(test::name(kZone));
      case Event::due:
        pass(minutes(11));
        return true;
      case Event::unanswered:
        pass(seconds(1));
        return true;
      case Event::accepted:
        answer();
        return true;
      case Event::refused:
        answer(Rcode::notauth);
        return true;
      case Event::outdated:
        publish(kZone, 8, "", {secondary});
        answer();
        return true;
      case Event::behind:
        answer_query(6);
        return true;
      case Event::aged:  // a quarter of EXPIRE, but half a minute at least
        pass_nothing(seconds(31));
        delivery_.watch();
        return true;
      case Event::sent:
      case Event::key_missing:
        return false;
    }
    return false;
  }
  // Time passes, and nothing that is due is done.
  void pass_nothing(Delivery::Clock::duration span) { world_.now_ += span; }
};

TEST_P(DeliveryCells, LeadsTo) {
  const auto [from, rest] = GetParam();
  const auto [event, to] = rest;
  ASSERT_NO_FATAL_FAILURE(enter(from));
  ASSERT_TRUE(happen(event));
  EXPECT_EQ(static_cast<int>(state()), static_cast<int>(to));
}

// Written from what NOTIFY has to do, not from the table: where a line is after the event. A queued line with room in
// the window is sent at once, so it is notifying.
std::vector<std::pair<State, std::pair<Event, State>>> cells() {
  using enum State;
  using E = Event;
  const std::vector<Cell> all{
      {current,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::lost, expecting},
        {E::claimed, current},
        {E::alive, current},
        {E::keys_changed, current},
        {E::aged, querying},
        {E::asked, notifying}}},
      {pausing,
       {{E::changed, pausing},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, pausing},
        {E::alive, pausing},
        {E::keys_changed, pausing},
        {E::asked, notifying}}},
      {queued,
       {{E::changed, queued},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, queued},
        {E::alive, queued},
        {E::keys_changed, queued},
        {E::asked, queued}}},
      {notifying,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, notifying},
        {E::accepted, expecting},
        {E::refused, expecting},
        {E::outdated, pausing},
        {E::unanswered, backing_off},
        {E::alive, notifying},
        {E::keys_changed, notifying},
        {E::asked, notifying}}},
      {expecting,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, querying},
        {E::alive, expecting},
        {E::keys_changed, expecting},
        {E::asked, notifying}}},
      {confirming,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::lost, expecting},
        {E::claimed, confirming},
        {E::alive, confirming},
        {E::keys_changed, confirming},
        {E::asked, notifying}}},
      {query_queued,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, query_queued},
        {E::alive, query_queued},
        {E::keys_changed, query_queued},
        {E::asked, notifying}}},
      {querying,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, querying},
        {E::behind, stale},
        {E::unanswered, backing_off},
        {E::alive, querying},
        {E::keys_changed, querying},
        {E::asked, notifying}}},
      {stale,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, querying},
        {E::alive, stale},
        {E::keys_changed, stale},
        {E::aged, stale},
        {E::asked, notifying}}},
      {backing_off,
       {{E::changed, backing_off},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::alive, notifying},
        {E::keys_changed, backing_off},
        {E::asked, notifying}}},
      {no_key,
       {{E::changed, notifying},
        {E::satisfied, current},
        {E::transferred, confirming},
        {E::claimed, querying},
        {E::alive, no_key},
        {E::keys_changed, notifying},
        {E::asked, notifying}}},
  };
  std::vector<std::pair<State, std::pair<Event, State>>> flat;
  for (const Cell& cell : all) {
    for (const auto& lead : cell.leads_to) flat.emplace_back(cell.state, lead);
  }
  return flat;
}

INSTANTIATE_TEST_SUITE_P(Delivery, DeliveryCells, testing::ValuesIn(cells()), [](const auto& tried) {
  return "State" + std::to_string(static_cast<int>(tried.param.first)) + "Event" +
         std::to_string(static_cast<int>(tried.param.second.first));
});

// The table has an entry for each thing that the tests above made happen, and for no event that a state cannot see.
TEST(DeliveryTable, EveryCellIsMeant) {
  using enum State;
  const std::set<Event> always{Event::changed, Event::satisfied,    Event::transferred, Event::claimed,
                               Event::alive,   Event::keys_changed, Event::asked,       Event::aged};
  const std::map<State, std::set<Event>> further{
      {current, {Event::lost}},
      {pausing, {Event::due}},
      {queued, {Event::sent, Event::key_missing, Event::unanswered}},
      {notifying, {Event::unanswered, Event::accepted, Event::outdated, Event::refused}},
      {expecting, {Event::due}},
      {confirming, {Event::due, Event::lost}},
      {query_queued, {Event::sent, Event::unanswered, Event::lost}},
      {querying, {Event::unanswered, Event::behind, Event::lost}},
      {stale, {Event::due}},
      {backing_off, {Event::due}},
      {no_key, {}},
  };
  for (size_t s = 0; s < Delivery::kStates; ++s) {
    for (size_t e = 0; e < Delivery::kEvents; ++e) {
      const auto state = static_cast<State>(s);
      const auto event = static_cast<Event>(e);
      const bool meant = always.contains(event) || further.at(state).contains(event);
      EXPECT_EQ(Delivery::step(state, event) != Delivery::Step::none, meant) << "state " << s << ", event " << e;
    }
  }
}

// ---- what is known of troubles ----

std::string worst(const Delivery::Line& line) {
  const Trouble* const fact = line.facts.troubles ? line.facts.troubles->worst() : nullptr;
  return fact != nullptr ? std::string(to_text(fact->reason)) + ": " + fact->text : "";
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(DeliveryTest, ASecondaryThatSignsWronglyIsToldByName) {
  publish(kZone, 7);
  delivery_.refused({test::name(kZone), kPeer, true, Reason::badsig, "TSIG BADSIG, key k.", "k."});
  EXPECT_EQ(worst(line()), "BADSIG: TSIG BADSIG, key k.");
  EXPECT_TRUE(says(log_.text(), "secondary 192.0.2.1@53, zone example.com.: TSIG BADSIG, key k."));
  transfer(7);
  EXPECT_EQ(worst(line()), "");
}

TEST_F(DeliveryTest, WhatMayBeForgedIsKeptApart) {
  publish(kZone, 7);
  delivery_.refused({test::name(kZone), kPeer, false, Reason::badkey, "forged", "x."});
  EXPECT_EQ(worst(line()), "");
  EXPECT_TRUE(line().facts.troubles->to_json()[0]["unverified"].get<bool>());
  EXPECT_TRUE(says(log_.text(), "unverified (by UDP, it may be forged)"));
}

TEST_F(DeliveryTest, AStrangersAttemptIsNoSecondarys) {
  publish(kZone, 7);
  delivery_.refused({test::name(kZone), parse_address("203.0.113.9"), true, Reason::not_allowed, "why", ""});
  EXPECT_EQ(worst(line()), "");
  EXPECT_EQ(delivery_.strangers().of(test::name(kZone)).size(), 1U);
  EXPECT_TRUE(says(log_.text(), "no secondary of the zone: 203.0.113.9"));
}

TEST_F(DeliveryTest, ARefusedNotifyIsToldByTheNameOfItsRcode) {
  publish(kZone, 7);
  answer(Rcode::notauth);
  EXPECT_TRUE(says(worst(line()), "NOTIFY refused: it answers NOTIFY with NOTAUTH: it does not serve this zone"));
  delivery_.notify_again(test::name(kZone));
  answer();
  EXPECT_EQ(worst(line()), "");
}

TEST_F(DeliveryTest, AnUnsignedAnswerIsToldAndIsNoAnswer) {
  publish(kZone, 7, "", {"192.0.2.1=k"});
  Delivery::Answer bad{Rcode::notauth, std::nullopt, ""};
  bad.tsig = TsigError::badsig;
  delivery_.answered_unsigned(last().ticket, bad);
  EXPECT_EQ(state(), State::notifying);  // a better one may come
  pass(seconds(1));
  EXPECT_EQ(worst(line()),
            "NOTIFY unsigned: it answers NOTIFY with NOTAUTH, BADSIG (unsigned): it has another secret for the key k.");
  EXPECT_EQ(world_.reasons.front(), worst(line()).substr(std::string("NOTIFY unsigned: ").size()));
}

TEST_F(DeliveryTest, SilenceAndARefusedConnectionAreToldApart) {
  publish(kZone, 7);
  EXPECT_FALSE(line().facts.notify_rcode);
  pass(seconds(1));
  EXPECT_TRUE(says(worst(line()), "no answer"));
  pass(seconds(2));
  ASSERT_TRUE(last().by_tcp);
  delivery_.tcp_ended(last().ticket, true);
  EXPECT_TRUE(says(worst(line()), "connection refused"));
}

TEST_F(DeliveryTest, ATransferThatIsBrokenOffIsKeptUntilOneIsWhole) {
  publish(kZone, 7);
  delivery_.broken_off({test::name(kZone), kPeer, "", false, 0, 7, 1, 100, 1, 3000}, "it did not read for too long");
  EXPECT_TRUE(says(worst(line()), "broken off: its transfer was broken off after 100 octets in 3 s: it did not read"));
  transfer(7);
  EXPECT_EQ(worst(line()), "");
}

TEST_F(DeliveryTest, WhoIsAheadIsNeverUpToDate) {
  publish(kZone, 7);
  saw(12);
  EXPECT_TRUE(line().facts.is_ahead(7));
  EXPECT_FALSE(line().facts.in_step(7));
  EXPECT_TRUE(says(line().state_text(), "AHEAD"));
  EXPECT_EQ(delivery_.hosts().at(0).ahead, 1U);
  EXPECT_TRUE(says(log_.text(), "which is ahead of ours, 7"));
  publish(kZone, 13);
  EXPECT_EQ(delivery_.hosts().at(0).ahead, 0U);
  EXPECT_EQ(delivery_.hosts().at(0).behind, 1U);
  saw(7U + (1U << 31U));  // neither newer nor older
  publish(kZone, 7);
  EXPECT_TRUE(says(line().state_text(), "AHEAD"));
}

TEST_F(DeliveryTest, ADeadHostWithManyZonesIsALineAndSoIsItsReturn) {
  for (unsigned i = 0; i < 50; ++i) publish("zone" + std::to_string(i) + ".", 1);
  pass_in_silence(60);
  EXPECT_EQ(count_of(log_.text(), "warning"), 1U) << log_.text();
  EXPECT_TRUE(says(log_.text(), "secondary 192.0.2.1@53 does not answer"));
  EXPECT_TRUE(says(log_.text(), "50 zones of 50 behind there"));
  EXPECT_FALSE(delivery_.hosts().at(0).answers);
  delivery_.heard_from(kPeer, false);  // anybody may have sent that
  EXPECT_FALSE(delivery_.hosts().at(0).answers);
  EXPECT_EQ(count_of(log_.text(), "answers again"), 0U);
  delivery_.heard_from(kPeer, true);
  EXPECT_TRUE(delivery_.hosts().at(0).answers);
  EXPECT_EQ(count_of(log_.text(), "answers again, after"), 1U);
}

TEST_F(DeliveryTest, WhoIsBehindForLongIsToldOnceAndSoIsTheEnd) {
  publish(kZone, 7);
  answer();
  world_.now_ += minutes(4);
  publish(kZone, 8);  // behind since the first serial that it lacks
  world_.now_ += seconds(61);
  delivery_.watch();
  delivery_.watch();
  EXPECT_EQ(count_of(log_.text(), "is behind for more than 5 min with 1 zone of 1, for longest with example.com."), 1U)
      << log_.text();
  EXPECT_EQ(delivery_.hosts().at(0).max_behind, 301);
  EXPECT_EQ(delivery_.hosts().at(0).oldest_zone, kZone);
  transfer(8);
  delivery_.watch();
  EXPECT_EQ(count_of(log_.text(), "has all serials again"), 1U);
  const Json took = delivery_.counters().propagation.to_json();
  EXPECT_EQ(took["count"], 1);
  EXPECT_EQ(took["sum"], 301) << "the first serial that it lacked counts";
  delivery_.notify_again(test::name(kZone));
  transfer(8);
  EXPECT_EQ(delivery_.counters().propagation.to_json()["count"], 1) << "what it is asked to prove anew is no change";
}

TEST_F(DeliveryTest, AProofThatIsOldIsMadeAnewAndItsAbsenceIsTold) {
  publish(kZone, 7, "192.0.2.1@53 7 1800000000\n");
  world_.now_ += seconds(31);
  delivery_.watch();
  ASSERT_EQ(world_.sent.size(), 1U);
  EXPECT_FALSE(last().notify);
  answer_query(7);
  EXPECT_EQ(state(), State::current);
  for (unsigned i = 0; i < 70; ++i) {
    pass(seconds(1));
    delivery_.watch();
  }
  EXPECT_EQ(count_of(log_.text(), "more than half of the SOA's EXPIRE"), 1U);
  saw(7);
  for (unsigned i = 0; i < 70; ++i) {
    pass(seconds(1));
    delivery_.watch();
  }
  EXPECT_EQ(count_of(log_.text(), "more than half of the SOA's EXPIRE"), 1U);  // counted, and told later
}

TEST_F(DeliveryTest, TheLifeOfANotifyIsTraced) {
  publish(kZone, 7);
  answer();
  transfer(7);
  const std::string text = log_.text();
  EXPECT_TRUE(says(text, "debug: zone example.com., secondary 192.0.2.1@53: NOTIFY of serial 7 sent, try 1"));
  EXPECT_TRUE(says(text, "NOTIFY answered NOERROR"));
  EXPECT_TRUE(says(text, "is proven to have serial 7"));
}

// ---- stories ----

TEST_F(DeliveryTest, AChangeIsToldAtOnce) {
  publish(kZone, 7);
  ASSERT_EQ(world_.sent.size(), 1U);
  EXPECT_TRUE(last().notify);
  EXPECT_FALSE(last().by_tcp);
  EXPECT_EQ(line().facts.notified_serial, 7U);
}

TEST_F(DeliveryTest, NothingIsSentBeforeTheStart) {
  Delivery early(world_, log_.log());
  const auto bare = zones::test::zone_of(kZone, "@ 60 SOA ns host 7 1 1 1 1\n");
  zones::Attributes attributes;
  attributes.secondary_dns =
      std::make_shared<const zones::SecondaryDns>(zones::SecondaryDns{true, {}, {}, {parse_secondary("192.0.2.1")}});
  early.set_zone(*bare->apply({}, bare->soa_record(), attributes), "");
  EXPECT_TRUE(world_.sent.empty());
  early.start();
  EXPECT_EQ(world_.sent.size(), 1U);
}

TEST_F(DeliveryTest, TwoTriesByUdpThenOneByTcpThenPausesThatGrow) {
  publish(kZone, 7);
  pass(milliseconds(1500));
  ASSERT_EQ(world_.sent.size(), 2U);
  EXPECT_FALSE(last().by_tcp);
  pass(seconds(1));
  ASSERT_EQ(world_.sent.size(), 3U);
  EXPECT_TRUE(last().by_tcp);
  const auto by_tcp = last().ticket;
  pass(minutes(1));
  EXPECT_EQ(world_.sent.size(), 3U) << "TCP has its own patience";
  delivery_.tcp_ended(by_tcp);
  EXPECT_EQ(state(), State::backing_off);
  pass(milliseconds(1900));
  EXPECT_EQ(world_.sent.size(), 3U);
  pass(milliseconds(200));
  EXPECT_EQ(world_.sent.size(), 4U);
}

TEST_F(DeliveryTest, ATcpExchangeThatNobodyWaitsForAnyMoreLeavesRoomForTheNext) {
  publish(kZone, 7);
  pass(milliseconds(2500));
  ASSERT_TRUE(last().by_tcp);
  const auto by_tcp = last().ticket;
  saw(7);
  EXPECT_TRUE(world_.abandoned.contains(by_tcp));
  delivery_.tcp_ended(by_tcp);
  publish(kZone, 8);
  pass(milliseconds(2500));
  EXPECT_TRUE(last().by_tcp);
}

TEST_F(DeliveryTest, AHostThatIsDownIsTriedByOneMessageAtATimeAndToldOnceItIsAlive) {
  for (unsigned i = 0; i < 100; ++i) publish("zone" + std::to_string(i) + ".", 1);
  pass_in_silence(30);
  world_.sent.clear();
  publish(kZone, 7);
  pass(milliseconds(900));
  EXPECT_LE(world_.sent.size(), 1U);
  EXPECT_NE(log_.text().find("192.0.2.1@53 does not answer"), std::string::npos);
  world_.sent.clear();
  delivery_.heard_from(kPeer, true);
  EXPECT_GE(world_.sent.size(), 99U) << "all that waited go at once";
  EXPECT_NE(log_.text().find("192.0.2.1@53 answers again"), std::string::npos);
}

TEST_F(DeliveryTest, AKeyThatIsAddedAgainWakesTheNotifyThatWaitedForIt) {
  world_.outcome = Delivery::World::Sent::Outcome::key_missing;
  publish(kZone, 7, "", {"192.0.2.1=gone.key"});
  EXPECT_EQ(state(), State::no_key);
  EXPECT_NE(line().state_text().find("gone.key."), std::string::npos);
  EXPECT_NE(log_.text().find("there is no key gone.key."), std::string::npos);
  publish(kZone, 8, "", {"192.0.2.1=gone.key"});
  EXPECT_EQ(state(), State::no_key) << "a new version tries, and finds no key yet";
  world_.outcome = Delivery::World::Sent::Outcome::sent;
  delivery_.keys_changed();
  ASSERT_EQ(world_.sent.size(), 1U);
  EXPECT_EQ(state(), State::notifying);
}

TEST_F(DeliveryTest, AnAnswerWithoutAuthorityPaysNothing) {
  enter(State::querying);
  answer_query(std::nullopt, "answers without authority");
  EXPECT_TRUE(line().owes());
  EXPECT_EQ(state(), State::stale);
  EXPECT_EQ(line().facts.query_problem, "answers without authority");
}

TEST_F(DeliveryTest, ANewVersionDuringOurQuestionIsToldAtOnce) {
  enter(State::querying);
  const auto question = last().ticket;
  publish(kZone, 8);
  EXPECT_TRUE(last().notify);
  EXPECT_TRUE(world_.abandoned.contains(question));
}

TEST_F(DeliveryTest, BehindCountsFromTheFirstSerialThatIsLacking) {
  enter(State::current);
  EXPECT_EQ(line().facts.behind_since, 0);
  publish(kZone, 8);
  const int64_t since = line().facts.behind_since;
  EXPECT_EQ(since, world_.unix_now());
  pass(seconds(20));
  publish(kZone, 9);
  EXPECT_EQ(line().facts.behind_since, since);
  saw(9);
  EXPECT_EQ(line().facts.behind_since, 0);
}

TEST_F(DeliveryTest, WhoeverTransferredIsAskedOnceWhetherItKeptTheZone) {
  publish(kZone, 7);
  answer();
  transfer(7);
  EXPECT_EQ(state(), State::confirming);
  EXPECT_EQ(line().state_text(), "up to date, to be confirmed");
  pass(seconds(3));
  ASSERT_FALSE(last().notify);
  answer_query(7);
  EXPECT_EQ(state(), State::current);
}

TEST_F(DeliveryTest, WhoeverTransferredAndDoesNotAnswerQuestionsHasTheSerialAllTheSame) {
  publish(kZone, 7);
  transfer(7);
  pass(seconds(5));
  EXPECT_EQ(state(), State::current);
}

TEST_F(DeliveryTest, WhoeverLostWhatItTransferredIsToldAgain) {
  publish(kZone, 7);
  transfer(7);
  pass(seconds(3));
  answer_query(6);
  EXPECT_EQ(state(), State::stale);
  pass(seconds(5));
  EXPECT_TRUE(last().notify);
}

TEST_F(DeliveryTest, QuestionsLeaveRoomForChanges) {
  for (unsigned i = 0; i < 200; ++i) publish("zone" + std::to_string(i) + ".", 1);
  for (size_t i = 0; i < 200; ++i) delivery_.answered(world_.sent[i].ticket, {});
  world_.sent.clear();
  world_.now_ += seconds(3);
  delivery_.turn();
  EXPECT_EQ(world_.sent.size(), 32U) << "questions in flight";
  publish(kZone, 7);
  EXPECT_TRUE(last().notify);
}

TEST_F(DeliveryTest, AZoneThatIsForgottenHasNothingInFlight) {
  publish(kZone, 7);
  const auto ticket = last().ticket;
  delivery_.forget(test::name(kZone));
  EXPECT_TRUE(world_.abandoned.contains(ticket));
  EXPECT_EQ(delivery_.find(test::name(kZone)), nullptr);
  delivery_.answered(ticket, {});
  delivery_.keys_changed();
  pass(minutes(20));
}

TEST_F(DeliveryTest, ASecondaryWithAnotherKeyIsAnotherTarget) {
  publish(kZone, 7, "", {"192.0.2.1", "192.0.2.2=k"});
  ASSERT_EQ(world_.sent.size(), 2U);
  publish(kZone, 7, "", {"192.0.2.1"});
  EXPECT_EQ(delivery_.find(test::name(kZone))->lines.size(), 1U);
  EXPECT_TRUE(world_.abandoned.contains(world_.sent[1].ticket));
}

TEST_F(DeliveryTest, AProofThatWasKeptCountsAfterARestart) {
  publish(kZone, 7, "192.0.2.1@53 7 1700000000\n");
  EXPECT_TRUE(world_.sent.empty());
  EXPECT_EQ(line().facts.proof, Proof::kept);
}

// After a recovery a serial may stand for something else at a secondary.
class RecoveredDeliveryTest : public DeliveryTest {
 protected:
  RecoveredDeliveryTest() {
    delivery_.stop();
    delivery_.set_recovered_at(world_.unix_now());
    world_.now_ += seconds(10);
  }
  // The SOA's EXPIRE is one second in the other tests.
  void publish_at_start(uint32_t serial, const std::string& kept = "192.0.2.1@53 6 1700000000\n") {
    zones::SecondaryDns made{true, {}, {}, {}};
    made.secondaries.push_back(parse_secondary("192.0.2.1"));
    const auto bare = zones::test::zone_of(kZone, "@ 60 SOA ns host " + std::to_string(serial) + " 1 1 3600 1\n");
    zones::Attributes attributes;
    attributes.secondary_dns = std::make_shared<const zones::SecondaryDns>(std::move(made));
    const zones::VersionRef version = bare->apply({}, bare->soa_record(), attributes);
    world_.serials[kZone] = serial;
    delivery_.set_zone(*version, kept);
  }
};

TEST_F(RecoveredDeliveryTest, ASecondaryIsAskedBeforeItGetsANotify) {
  publish_at_start(7);
  delivery_.start();
  ASSERT_EQ(world_.sent.size(), 1U);
  EXPECT_FALSE(last().notify);
  answer_query(6);
  EXPECT_TRUE(world_.raised.empty());
  EXPECT_TRUE(last().notify) << "and gets it at once if it has what we know of";
}

TEST_F(RecoveredDeliveryTest, ASerialThatIsNotBelowOursIsPassed) {
  for (const uint32_t serial : {7U, 9U}) {
    world_.raised.clear();
    publish_at_start(7);
    delivery_.start();
    answer_query(serial);
    EXPECT_EQ(world_.raised, std::vector{serial});
    publish_at_start(serial + 1);
    EXPECT_TRUE(last().notify);
    EXPECT_FALSE(line().counted_ahead);
    delivery_.forget(test::name(kZone));
    delivery_.stop();
  }
}

TEST_F(RecoveredDeliveryTest, AStatedSerialIsPassedOnceAndNotWhatWasTransferredFromUs) {
  publish_at_start(7);
  delivery_.start();
  transfer(7);
  EXPECT_TRUE(world_.raised.empty());
  saw(9);
  EXPECT_TRUE(world_.raised.empty()) << "there is no doubt any more";
  delivery_.forget(test::name(kZone));
  publish_at_start(7);
  saw(9);
  EXPECT_EQ(world_.raised, std::vector{9U});
}

TEST_F(RecoveredDeliveryTest, WhoDoesNotAnswerIsAskedAtTheFirstContact) {
  publish_at_start(7);
  delivery_.start();
  pass(minutes(10));
  EXPECT_TRUE(world_.raised.empty());
  delivery_.heard_from(kPeer, false);
  ASSERT_TRUE(last().notify);
  answer();
  pass(seconds(3));
  EXPECT_FALSE(last().notify);
  answer_query(7);
  EXPECT_EQ(world_.raised, std::vector{7U});
}

TEST_F(RecoveredDeliveryTest, AStandbyTellsNobodyAndAsksWhenItIsPromoted) {
  publish_at_start(7);
  saw(6);
  poll(7);
  transfer(7);
  saw(9);  // of which the standby's primary has told it
  publish_at_start(8);
  delivery_.keys_changed();
  delivery_.notify_again(test::name(kZone));
  pass(minutes(10));
  EXPECT_TRUE(world_.sent.empty());
  world_.raised.clear();
  saw(9);
  EXPECT_TRUE(world_.raised.empty());
  delivery_.begin_doubt(world_.unix_now());
  delivery_.start();
  ASSERT_EQ(world_.sent.size(), 1U);
  EXPECT_FALSE(last().notify) << "asked first, although it was heard of in this very second";
  pass(minutes(1));
  ASSERT_GT(world_.sent.size(), 1U) << "and its clock goes";
  saw(9);
  EXPECT_EQ(world_.raised, std::vector{9U});
}

TEST_F(RecoveredDeliveryTest, DoubtEndsWithExpire) {
  publish_at_start(7, "");
  world_.now_ += minutes(60);
  delivery_.start();
  EXPECT_TRUE(last().notify);
  saw(9);
  EXPECT_TRUE(world_.raised.empty());
}

}  // namespace
}  // namespace axfrd::control

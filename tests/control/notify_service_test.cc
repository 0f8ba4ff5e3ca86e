#include "control/notify/notify_service.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using zones::load16;
using zones::Opcode;

// A secondary's UDP socket on loopback, with a TCP listener on the same port.
class FakeSecondary {
 public:
  struct Message {
    std::string bytes;
    sockaddr_in from;
    Opcode opcode() const { return static_cast<Opcode>((static_cast<uint8_t>(bytes[2]) >> 3) & 15); }
    zones::Bytes octets() const { return zones::bytes_of(bytes); }
  };

  FakeSecondary() {
    // A port that is free for UDP may be somebody's for TCP.
    while (!bind_both()) {
      ::close(udp_);
      udp_ = udp_socket();
    }
    EXPECT_EQ(::listen(tcp_, 4), 0);
  }
  ~FakeSecondary() {
    ::close(udp_);
    ::close(tcp_);
  }
  FakeSecondary(const FakeSecondary&) = delete;
  FakeSecondary& operator=(const FakeSecondary&) = delete;

  uint16_t port() const { return port_; }
  std::string place() const { return "127.0.0.1@" + std::to_string(port_); }

  // The next message, or one without octets if none comes in time.
  Message receive(std::chrono::milliseconds patience = test::kPatience) const {
    pollfd readable{udp_, POLLIN, 0};
    Message message{std::string(4096, '\0'), {}};
    if (::poll(&readable, 1, static_cast<int>(patience.count())) != 1) return {};
    socklen_t size = sizeof message.from;
    const ssize_t got = ::recvfrom(udp_, message.bytes.data(), message.bytes.size(), 0,
                                   reinterpret_cast<sockaddr*>(&message.from), &size);
    message.bytes.resize(static_cast<size_t>(got));
    return message;
  }
  void send(const std::string& bytes, const sockaddr_in& to) const {
    EXPECT_GT(::sendto(udp_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  void answer(Message message, unsigned rcode = 0) const {
    message.bytes[2] = static_cast<char>(message.bytes[2] | 0x84);
    message.bytes[3] = static_cast<char>(rcode);
    send(message.bytes, message.from);
  }
  bool is_called_by_tcp() const {
    pollfd readable{tcp_, POLLIN, 0};
    return ::poll(&readable, 1, 5000) == 1;
  }

 private:
  static int udp_socket() { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }
  bool bind_both() {
    sockaddr_in local{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    socklen_t size = sizeof local;
    EXPECT_EQ(::bind(udp_, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
    ::getsockname(udp_, reinterpret_cast<sockaddr*>(&local), &size);
    port_ = ntohs(local.sin_port);
    return ::bind(tcp_, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0;
  }

  int udp_ = udp_socket(), tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  uint16_t port_ = 0;
};

struct NotifyParts {
  NotifyParts(boost::asio::io_context& loop, test::ServedZones& zones, const Log& log,
              std::vector<IpAddress> sources = {})
      : changing(zones, log),
        notifier(loop, zones.table, zones.rcu, changing.committer, changing.settings, std::move(sources), transfers,
                 events, log) {}
  test::CommitterParts changing;
  TransferLog transfers{std::nullopt};
  EventFeed events;
  NotifyService notifier;
};

class NotifyServiceTest : public testing::Test {
 protected:
  NotifyServiceTest() {
    parts_.emplace(
        [this](boost::asio::io_context& loop) { return std::make_unique<NotifyParts>(loop, zones_, log_.log()); });
    run([](NotifyService& notifier) { notifier.start(); });
  }
  ~NotifyServiceTest() override {
    run([](NotifyService& notifier) { notifier.stop(); });
  }

  void run(const std::function<void(NotifyService&)>& work) {
    parts_->run([&](NotifyParts& parts) { work(parts.notifier); });
  }
  // A zone of that serial becomes visible, which is to be notified to the secondary.
  void publish(const std::string& apex, uint32_t serial, const std::string& ledger = "", const std::string& key = "") {
    zones::SecondaryDnsRef& settings = settings_[apex];
    if (!settings) {
      zones::SecondaryDns made{true, {}, {}, {parse_secondary(secondary_.place() + (key.empty() ? "" : "=" + key))}};
      settings = std::make_shared<const zones::SecondaryDns>(std::move(made));
    }
    const auto bare = zones::test::zone_of(apex, "@ 60 SOA ns host " + std::to_string(serial) + " 1 1 1 1\n");
    zones::Attributes attributes;
    attributes.secondary_dns = settings;
    const zones::VersionRef version = bare->apply({}, bare->soa_record(), attributes);
    run([&](NotifyService& notifier) {
      (void)zones_.table.publish(version);
      notifier.published({{{version, ledger}}, {}, false});
    });
  }
  Json line(const std::string& apex = "example.com") {
    Json lines;
    run([&](NotifyService& notifier) { lines = notifier.status(test::name(apex), {}); });
    return lines.at(0);
  }
  // The zones of all lines, in the order in which pages tell of them; and how many pages there were.
  std::pair<std::vector<std::string>, unsigned> told(bool behind) {
    std::vector<std::string> zones;
    unsigned pages = 0;
    std::optional<std::string> last;
    for (bool more = true; more; ++pages) {
      run([&](NotifyService& notifier) {
        const NotifyService::Page page = notifier.status_page(last, {.behind = behind});
        for (const Json& line : Json::parse("[" + page.lines + "]")) zones.push_back(line["zone"]);
        last = page.last;
        more = page.more;
      });
    }
    return {zones, pages};
  }
  uint64_t count(dataplane::Counter NotifyCounters::*counter) {
    uint64_t value = 0;
    run([&](NotifyService& notifier) { value = (notifier.counters().*counter).read(); });
    return value;
  }

  FakeSecondary secondary_;
  test::LogFile log_;
  test::ServedZones zones_;
  std::map<std::string, zones::SecondaryDnsRef> settings_;
  std::optional<test::InLoop<NotifyParts>> parts_;
};

constexpr auto kSoon = std::chrono::milliseconds(300);

TEST_F(NotifyServiceTest, NotifyLeavesAtOnceWithTheSoa) {
  publish("example.com", 7);
  const auto notify = secondary_.receive();
  EXPECT_EQ(notify.opcode(), Opcode::notify);
  EXPECT_TRUE(zones::is_about(notify.octets(), test::name("example.com")));
  FakeSecondary::Message as_response = notify;
  as_response.bytes[2] = static_cast<char>(as_response.bytes[2] | 0x80);
  EXPECT_EQ(zones::read_response(as_response.octets())->serial, 7U);
}

TEST_F(NotifyServiceTest, NotifyLeavesFromTheSourceThatIsStated) {
  run([](NotifyService& notifier) { notifier.stop(); });
  parts_.emplace([this](boost::asio::io_context& loop) {
    return std::make_unique<NotifyParts>(loop, zones_, log_.log(), std::vector{parse_address("127.0.0.9")});
  });
  run([](NotifyService& notifier) { notifier.start(); });
  publish("example.com", 7);
  EXPECT_EQ(ntohl(secondary_.receive().from.sin_addr.s_addr), 0x7F000009U);
}

TEST_F(NotifyServiceTest, WhatIsNotAnsweredIsSentAgainAndThenByTcp) {
  publish("example.com", 7);
  EXPECT_EQ(secondary_.receive().opcode(), Opcode::notify);
  EXPECT_EQ(secondary_.receive().opcode(), Opcode::notify);
  EXPECT_TRUE(secondary_.is_called_by_tcp());
  EXPECT_EQ(count(&NotifyCounters::unanswered), 2U);
}

TEST_F(NotifyServiceTest, AnAnswerIsTakenByIdAndQuestionOnly) {
  publish("example.com", 7);
  const auto notify = secondary_.receive();
  auto other_id = notify, other_zone = notify, no_response = notify;
  other_id.bytes[0] = static_cast<char>(other_id.bytes[0] ^ 1);
  other_zone.bytes[13] = 'x';
  secondary_.answer(other_id);
  secondary_.answer(other_zone);
  secondary_.send(no_response.bytes, notify.from);
  secondary_.send("short", notify.from);
  secondary_.answer(notify);
  EXPECT_TRUE(test::eventually([&] { return count(&NotifyCounters::answered) == 1; }));
  EXPECT_EQ(line()["behind"], Json()) << "an answer is no proof";
}

TEST_F(NotifyServiceTest, WhoAnsweredAndDidNotTransferIsAskedForItsSerial) {
  publish("example.com", 7);
  secondary_.answer(secondary_.receive());
  auto question = secondary_.receive();
  ASSERT_EQ(question.opcode(), Opcode::query);
  question.bytes[2] = static_cast<char>(question.bytes[2] | 4);  // AA
  question.bytes[7] = 1;
  const auto soa = zones::test::zone_of("example.com", "@ 60 SOA ns host 7 1 1 1 1\n")->soa_record();
  zones::append_record(question.bytes, soa.view());
  secondary_.answer(question);
  EXPECT_TRUE(test::eventually([&] { return line()["behind"] == 0; }));
  EXPECT_EQ(line()["proof"], "SOA query");
}

TEST_F(NotifyServiceTest, OnlyTheSerialItselfPaysTheDebt) {
  publish("example.com", 7);
  run([](NotifyService& n) { n.saw_serial(test::name("example.com"), parse_address("127.0.0.1"), 6); });
  EXPECT_EQ(line()["behind"], 1);
  run([](NotifyService& n) { n.saw_serial(test::name("example.com"), parse_address("127.0.0.2"), 7); });
  EXPECT_EQ(line()["behind"], 1) << "somebody else";
  run([](NotifyService& n) { n.saw_serial(test::name("example.com"), parse_address("127.0.0.1"), 7); });
  EXPECT_EQ(line()["behind"], 0);
}

TEST_F(NotifyServiceTest, ABurstOfChangesSharesANotify) {
  publish("example.com", 1);
  secondary_.answer(secondary_.receive());
  for (uint32_t serial = 2; serial < 30; ++serial) publish("example.com", serial);
  secondary_.answer(secondary_.receive());
  EXPECT_TRUE(secondary_.receive(kSoon).bytes.empty());
  EXPECT_EQ(line()["notified_serial"], 29);
}

TEST_F(NotifyServiceTest, WhoHadTheSerialBeforeTheStartIsNotTroubled) {
  publish("example.com", 7, secondary_.place() + " 7 1700000000\n");
  EXPECT_TRUE(secondary_.receive(kSoon).bytes.empty());
  EXPECT_EQ(line()["proof"], "before the start");
  publish("example.org", 7, secondary_.place() + " 6 1700000000\n");
  EXPECT_EQ(secondary_.receive().opcode(), Opcode::notify);
}

TEST_F(NotifyServiceTest, ASignedNotifyTakesOnlyASignedAnswer) {
  const auto tsig = std::make_shared<const TsigKey>(test::name("k"), kDefaultTsigAlgorithm, random_secret());
  KeyBook book({std::make_shared<const Key>(Key{tsig, {}})});
  parts_->run([&](NotifyParts& parts) { test::set_keys(parts.changing.settings, book.keys()); });
  publish("example.com", 7, "", "k");
  const auto notify = secondary_.receive();
  const TsigCheck check = check_request(notify.octets(), book.ring(), tsig_now());
  ASSERT_TRUE(check.authentic());
  secondary_.answer(notify);
  EXPECT_EQ(count(&NotifyCounters::answered), 0U);
  std::string answer = zones::make_soa_query(load16(notify.octets().data()), test::name("example.com"));
  answer[2] = static_cast<char>(0x80 | static_cast<int>(Opcode::notify) << 3);
  const auto size = static_cast<unsigned>(answer.size());
  answer.resize(512);
  answer.resize(TsigSigner(check).append(reinterpret_cast<uint8_t*>(answer.data()), size, 512, tsig_now()));
  secondary_.send(answer, notify.from);
  EXPECT_TRUE(test::eventually([&] { return count(&NotifyCounters::answered) == 1; }));
}

TEST_F(NotifyServiceTest, AChangeByHandPassesABulkImportBy) {
  for (int i = 0; i < 300; ++i) publish("z" + std::to_string(i) + ".example", 1);
  publish("byhand.example", 1);
  bool found = false;
  int behind = 0;  // messages that were not under way yet when the change came
  for (int i = 0; i < 128 + 4 && !found; ++i) {
    const auto notify = secondary_.receive();
    found = zones::is_about(notify.octets(), test::name("byhand.example"));
    behind = i - 128;
    secondary_.answer(notify);
  }
  EXPECT_TRUE(found) << behind;
}

TEST_F(NotifyServiceTest, AChangeDoesNotWaitForQuestionsThatAreNotAnswered) {
  constexpr unsigned kZones = 200;  // more than may be under way at once
  for (unsigned zone = 0; zone < kZones; ++zone) publish("zone" + std::to_string(zone) + ".example", 7);
  for (unsigned zone = 0; zone < kZones; ++zone) secondary_.answer(secondary_.receive());
  unsigned questions = 0;
  for (std::chrono::milliseconds patience = test::kPatience; !secondary_.receive(patience).bytes.empty();
       patience = kSoon)
    ++questions;
  EXPECT_GT(questions, 0U) << "none has transferred";
  publish("example.com", 7);
  const auto message = secondary_.receive(kSoon);
  ASSERT_FALSE(message.bytes.empty());
  EXPECT_EQ(message.opcode(), Opcode::notify);
  EXPECT_TRUE(zones::is_about(message.octets(), test::name("example.com")));
}

TEST_F(NotifyServiceTest, WhoeverWaitsHearsOfTheProofOrOfTheEndOfTheTime) {
  publish("example.com", 7);
  std::atomic<int> proven{0}, late{0};
  const auto wait = [&](std::chrono::seconds patience) {
    run([&](NotifyService& n) {
      n.wait_for(test::name("example.com"), 7, patience, [&](bool all, const Json&) { ++(all ? proven : late); });
    });
  };
  wait(std::chrono::seconds(1));
  EXPECT_TRUE(test::eventually([&] { return late == 1; }));
  wait(std::chrono::seconds(60));
  run([](NotifyService& n) { n.saw_serial(test::name("example.com"), parse_address("127.0.0.1"), 7); });
  EXPECT_EQ(proven, 1);
  run([&](NotifyService& n) {
    n.wait_for(test::name("none.example"), 7, std::chrono::seconds(9),
               [&](bool all, const Json&) { ++(all ? proven : late); });
  });
  EXPECT_EQ(proven, 2) << "nobody is to have it";
}

TEST_F(NotifyServiceTest, TheLedgerIsToldInPagesInCanonicalOrder) {
  std::vector<std::string> expected;
  for (unsigned i = 100; i < 550; ++i) {
    expected.push_back("z" + std::to_string(i) + ".");
    publish(expected.back(), 7);
  }
  const auto [zones, pages] = told(false);
  EXPECT_EQ(zones, expected);
  EXPECT_GT(pages, 1U);
}

TEST_F(NotifyServiceTest, AnEmptyLedgerIsOnePage) { EXPECT_EQ(told(false), std::pair(std::vector<std::string>(), 1U)); }

TEST_F(NotifyServiceTest, TheLedgerTellsOfThoseAloneThatAreBehind) {
  publish("a.", 7, secondary_.place() + " 7 1700000000\n");
  publish("b.", 7, secondary_.place() + " 6 1700000000\n");
  publish("c.", 7);
  EXPECT_EQ(told(true).first, (std::vector<std::string>{"b.", "c."}));
}

TEST_F(NotifyServiceTest, WhichLinesAreWantedHoldsForTheSumsToo) {
  publish("a.", 7, secondary_.place() + " 7 1700000000\n");
  publish("b.", 7, secondary_.place() + " 6 1700000001\n");
  publish("c.", 7);
  const auto sum_of = [&](const NotifyService::Wanted& wanted) {
    NotifyService::Sums sums;
    run([&](NotifyService& notifier) { (void)notifier.sum_page(std::nullopt, wanted, sums); });
    return sums.empty() ? NotifyService::Sum{} : sums.begin()->second;
  };
  const HostPort here = HostPort::parse(secondary_.place());
  EXPECT_EQ(sum_of({}).zones, 3U);
  EXPECT_EQ(sum_of({}).behind, 2U);
  EXPECT_EQ(sum_of({}).last_seen, 1700000001);
  EXPECT_EQ(sum_of({.behind = true}).zones, 2U);
  EXPECT_EQ(sum_of({.secondary = here}).zones, 3U);
  EXPECT_EQ(sum_of({.secondary = HostPort{here.address, std::nullopt}}).zones, 3U);
  EXPECT_EQ(sum_of({.secondary = HostPort{here.address, static_cast<uint16_t>(*here.port + 1)}}).zones, 0U);
  EXPECT_EQ(sum_of({.secondary = HostPort::parse("192.0.2.1")}).zones, 0U);
  EXPECT_EQ(sum_of({.state = "up to date"}).zones, 1U);
  EXPECT_EQ(sum_of({.state = "no such state"}).zones, 0U);
}

}  // namespace
}  // namespace axfrd::control

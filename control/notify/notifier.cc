#include "control/notify/notifier.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "control/base/open_socket.h"
#include "control/base/unix_time.h"
#include "control/update/proofs.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using std::chrono::milliseconds, std::chrono::seconds;
using zones::Bytes;
using zones::Rcode;

using Phase = LedgerLine::Phase;

constexpr size_t kWindow = 128;    // requests under way at a target: what a socket buffer takes at once
constexpr size_t kQuestions = 32;  // of these, for its serials, so that there is always room for a change
constexpr unsigned kUdpTries = 2;
constexpr unsigned kDown = 8;              // failures in a row after which a target is tried by one request at a time
constexpr unsigned kResponsesInARow = 64;  // responses taken before other work gets its turn
constexpr auto kAnswerTime = seconds(1);
constexpr auto kTcpTime = seconds(5);
constexpr auto kCoalesce = milliseconds(100);
constexpr auto kTransferTime = seconds(3);  // from an answered NOTIFY to our question whether the transfer was made
constexpr auto kFirstRest = seconds(2), kLongestRest = seconds(600);
constexpr auto kTick = seconds(1);
constexpr unsigned kStatusPage = 200;    // zones of which lines are told at once: a millisecond's work
constexpr auto kSoon = milliseconds(1);  // a next try that waits for nothing, but not within this call

std::optional<udp::socket> bound_socket(asio::io_context& loop, const std::vector<IpAddress>& sources, bool v6) {
  const auto source = std::ranges::find_if(sources, [&](const IpAddress& a) { return a.is_v6() == v6; });
  const udp::endpoint any(v6 ? udp::v6() : udp::v4(), 0);
  try {
    udp::socket socket(loop);
    open_socket(socket, any, true);  // the address may come to be after us, as those of a tap do
    socket.bind(source != sources.end() ? udp::endpoint(*source, 0) : any);
    socket.non_blocking(true);
    return socket;
  } catch (const boost::system::system_error&) {
    return std::nullopt;  // a host may be without one of the two
  }
}

// Of `count` failures before.
Notifier::Clock::duration backoff(unsigned count) {
  return std::min<Notifier::Clock::duration>(kLongestRest, kFirstRest * (1U << std::min(count, 9U)));
}

}  // namespace

bool NotifyTarget::is_down() const { return failures >= kDown; }

// One NOTIFY by TCP. Lives until it ends; knows the target by its place, because lines and targets may go meanwhile.
class Notifier::TcpNotify : public std::enable_shared_from_this<TcpNotify> {
 public:
  TcpNotify(Notifier& notifier, const udp::endpoint& to, uint16_t id, const std::string& message)
      : notifier_(notifier), to_(to), id_(id), socket_(notifier.loop_), timer_(notifier.loop_), request_(2, '\0') {
    zones::store16(reinterpret_cast<uint8_t*>(request_.data()), static_cast<unsigned>(message.size()));
    request_ += message;
  }

  void start() {
    timer_.expires_after(kTcpTime);
    timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->end();
    });
    socket_.async_connect({to_.address(), to_.port()}, [self = shared_from_this()](const error_code& error) {
      if (error) return self->end();
      asio::async_write(self->socket_, asio::buffer(self->request_), [self](const error_code& failed, size_t) {
        if (failed) return self->end();
        self->read();
      });
    });
  }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(response_.data() + size_, response_.size() - size_),
                            [self = shared_from_this()](const error_code& error, size_t octets) {
                              self->size_ += octets;
                              const size_t size = self->size_ < 2 ? 0 : zones::load16(self->response_.data());
                              if (self->size_ >= 2 && self->size_ >= 2 + size) {
                                self->notifier_.on_response(self->to_, Bytes(self->response_).subspan(2, size));
                                return self->end();
                              }
                              if (error || self->size_ == self->response_.size()) return self->end();
                              self->read();
                            });
  }

  // Whatever is not answered by now will not be.
  void end() {
    if (ended_) return;
    ended_ = true;
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    for (auto& [key, target] : notifier_.targets_) {
      if (key.first != to_) continue;
      target->by_tcp = false;
      const auto flight = target->flights.find(id_);
      if (flight != target->flights.end()) notifier_.unanswered(*flight->second.line);
    }
  }

  Notifier& notifier_;
  const udp::endpoint to_;
  const uint16_t id_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::string request_;
  std::array<uint8_t, 4096> response_{};
  size_t size_ = 0;
  bool ended_ = false;
};

Notifier::Notifier(asio::io_context& loop, const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader,
                   Updater& updater, const Keys& keys, std::vector<IpAddress> sources, TransferLog& transfers,
                   const Log& log)
    : loop_(loop),
      table_(zones),
      reader_(reader),
      updater_(updater),
      keys_(keys),
      sources_(std::move(sources)),
      transfers_(transfers),
      log_(log),
      buffer_(zones::kMaxMessage),
      due_timer_(loop),
      tick_timer_(loop) {}

void Notifier::start() {
  v4_ = bound_socket(loop_, sources_, false);
  v6_ = bound_socket(loop_, sources_, true);
  if (v4_) receive(*v4_);
  if (v6_) receive(*v6_);
  started_ = true;
  for (auto& [key, zone] : zones_) {
    for (auto& line : zone->lines) owe(*line);
  }
  tick();
}

void Notifier::stop() {
  started_ = false;
  error_code ignored;
  if (v4_) v4_->close(ignored);
  if (v6_) v6_->close(ignored);
  due_timer_.cancel();
  tick_timer_.cancel();
}

// ---- zones and lines ----

LedgerZone* Notifier::find(zones::NameView apex) const {
  const auto zone = zones_.find(zones::sort_key(apex));
  return zone != zones_.end() ? zone->second.get() : nullptr;
}

void Notifier::published(const Updater::Published& published) {
  for (const auto& zone : published.zones) set_zone(zone);
  for (const zones::Name& apex : published.gone) forget(apex);
}

void Notifier::set_zone(const Updater::Published::Zone& published) {
  const zones::ZoneVersion& version = *published.version;
  if (version.attributes().enabled_secondaries() == nullptr) return forget(zones::Name(version.apex().name));
  auto& zone = zones_[zones::sort_key(version.apex().name)];
  if (!zone) {
    zone = std::make_unique<LedgerZone>();
    zone->apex = zones::Name(version.apex().name);
    zones_by_hash_.emplace(version.apex().hash, zone.get());
  }
  if (zone->serial_since == 0 || zone->serial != version.serial()) zone->serial_since = unix_time();
  zone->serial = version.serial();
  if (zone->settings != version.attributes().secondary_dns) {
    set_settings(*zone, version.attributes().secondary_dns);
    set_lines(*zone, published.ledger);
  }
  for (auto& line : zone->lines) owe(*line);
}

void Notifier::set_settings(LedgerZone& zone, zones::SecondaryDnsRef settings) {
  const auto hosts_of = [](const zones::SecondaryDnsRef& of, const auto& each_host) {
    if (of == nullptr) return;
    for (const zones::Secondary& secondary : of->secondaries) {
      if (secondary.is_host() && secondary.transfers) each_host(address_of(secondary));
    }
  };
  hosts_of(settings, [this](const IpAddress& host) { ++hosts_[host]; });
  hosts_of(zone.settings, [this](const IpAddress& host) {
    if (--hosts_[host] == 0) hosts_.erase(host);
  });
  zone.settings = std::move(settings);
}

// Lines that are still wanted stay as they are.
void Notifier::set_lines(LedgerZone& zone, const std::string& kept) {
  std::vector<std::unique_ptr<LedgerLine>> before = std::exchange(zone.lines, {});
  const auto proofs = proofs_from_stored(kept);
  for (const zones::Secondary& secondary : zone.settings->secondaries) {
    if (!secondary.notified) continue;
    NotifyTarget& target = target_of(secondary);
    const auto same = std::ranges::find_if(before, [&](const auto& line) { return line && line->target == &target; });
    if (same != before.end()) {
      zone.lines.push_back(std::move(*same));
      continue;
    }
    auto line = std::make_unique<LedgerLine>();
    line->zone = &zone;
    line->target = &target;
    const std::string place = place_of(target.endpoint);
    for (const KeptProof& proof : proofs) {
      if (proof.place != place) continue;
      line->serial = proof.serial;
      line->proof = Proof::kept;
      line->proven_at = proof.time;
    }
    zone.lines.push_back(std::move(line));
  }
  for (const auto& line : before) {
    if (line) drop_line(*line);
  }
}

NotifyTarget& Notifier::target_of(const zones::Secondary& secondary) {
  const udp::endpoint endpoint = endpoint_of(secondary);
  const std::string key = secondary.keys.empty() ? "" : zones::sort_key(secondary.keys.back());
  auto& target = targets_[{endpoint, key}];
  if (!target) {
    target = std::make_unique<NotifyTarget>();
    target->endpoint = endpoint;
    if (!secondary.keys.empty()) target->key = secondary.keys.back();
    targets_at_.emplace(endpoint.address(), target.get());
  }
  return *target;
}

// A target without lines stays: there are as many as there are secondary providers, and they come back.
void Notifier::drop_line(LedgerLine& line) {
  withdraw(line);
  pump(*line.target);
}

// Takes the line out of all that its target has under way or in wait.
void Notifier::withdraw(LedgerLine& line) {
  NotifyTarget& target = *line.target;
  if (line.phase == Phase::queued) target.queue.erase(line.place);
  if (line.phase == Phase::doubted) target.doubted.erase(line.place);
  if (line.phase == Phase::notifying || line.phase == Phase::asking) land(line);
  target.resting.erase(&line);
  clear_due(line);
  line.phase = Phase::idle;
}

// Forgets the line's message, which then may find its ID drawn by another. @pre the phase is notifying or asking
void Notifier::land(LedgerLine& line) {
  if (line.target->flights.erase(line.id) != 0 && line.phase == Phase::asking) --line.target->questions;
  line.phase = Phase::idle;
}

void Notifier::forget(const zones::Name& apex) {
  const auto entry = zones_.find(zones::sort_key(apex));
  if (entry == zones_.end()) return;
  LedgerZone& zone = *entry->second;
  for (const auto& line : zone.lines) drop_line(*line);
  zone.lines.clear();
  set_settings(zone, nullptr);
  check_waiters(zone);
  unkept_.erase(&zone);
  zones_by_hash_.erase(zones::NameHash::process().of(apex));
  zones_.erase(entry);
}

// ---- what is owed ----

void Notifier::owe(LedgerLine& line) {
  if (!started_) return;
  if (!line.owes()) {
    if (line.phase != Phase::idle) settle(line);
    return;
  }
  const bool rests_by_itself = line.phase == Phase::resting && line.attempts == 0 && line.rounds > 0;
  const bool waits = line.phase == Phase::answered || line.phase == Phase::doubted;
  if (line.phase != Phase::idle && !waits && !rests_by_itself) return;
  line.rounds = 0;
  const auto since = Clock::now() - line.notify_sent;
  if (since < kCoalesce) return rest(line, kCoalesce - since);
  enqueue(line);
}

void Notifier::enqueue(LedgerLine& line) {
  withdraw(line);
  NotifyTarget& target = *line.target;
  line.phase = Phase::queued;
  line.place = target.queue.insert(target.queue.end(), &line);
  pump(target);
}

void Notifier::doubt(LedgerLine& line) {
  NotifyTarget& target = *line.target;
  line.phase = Phase::doubted;
  line.place = target.doubted.insert(target.doubted.end(), &line);
  pump(target);
}

// Changes go first. What cannot be sent at all comes back here at once: without the flag, a long queue would be as deep
// a recursion.
void Notifier::pump(NotifyTarget& target) {
  if (std::exchange(target.pumping, true)) return;
  const auto has_room = [&] { return target.flights.size() < (target.is_down() ? 1 : kWindow); };
  while (!target.queue.empty() && has_room()) send_notify(*next_of(target));
  while (!target.doubted.empty() && has_room() && target.questions < kQuestions) {
    LedgerLine& line = *target.doubted.front();
    target.doubted.pop_front();
    send_query(line);
  }
  target.pumping = false;
}

LedgerLine* Notifier::next_of(NotifyTarget& target) {
  target.oldest_next = !target.oldest_next;
  const auto next = target.oldest_next ? target.queue.begin() : std::prev(target.queue.end());
  LedgerLine* line = *next;
  target.queue.erase(next);
  line->phase = Phase::resting;
  return line;
}

// ---- sending ----

// Gives the line's next message an ID that no other of the target has.
void Notifier::draw_id(LedgerLine& line) {
  do {
    line.id = static_cast<uint16_t>(random_());
  } while (line.target->flights.contains(line.id));
}

// The message, and in `flight` what its answer is checked with; empty if the key is not there any more.
std::string Notifier::signed_notify(LedgerLine& line, NotifyTarget::Flight& flight) {
  const dataplane::ReadSection section(reader_);
  const zones::Name& apex = line.zone->apex;
  const zones::Zone* zone = table_.find(zones::NameHash::process().of(apex), apex);
  if (zone == nullptr) return {};
  line.notified_serial = zone->current()->serial();
  std::string message = zones::make_notify(line.id, *zone->current());
  if (!line.target->key) return message;
  const KeyRef key = keys_.book()->find(*line.target->key);
  if (!key) return {};
  TsigSigner signer(key->tsig);
  const auto size = static_cast<unsigned>(message.size());
  message.resize(size + signer.max_size());
  message.resize(signer.append(reinterpret_cast<uint8_t*>(message.data()), size, static_cast<unsigned>(message.size()),
                               tsig_now()));
  flight.key = key->tsig;
  flight.mac = signer.mac();
  return message;
}

void Notifier::send_notify(LedgerLine& line) {
  NotifyTarget& target = *line.target;
  draw_id(line);
  NotifyTarget::Flight flight{&line, nullptr, {}};
  const std::string message = signed_notify(line, flight);
  if (message.empty()) return rest(line, kLongestRest);  // without its zone or its key; a change of either comes back
  line.phase = Phase::notifying;
  line.notify_sent = Clock::now();
  line.notified_at = unix_time();
  // UDP may not get through: every third time by TCP, one at a time.
  const bool by_tcp = line.attempts % (kUdpTries + 1) == kUdpTries && !target.by_tcp;
  if (!by_tcp && !send(line, message)) return unanswered(line);
  target.flights.emplace(line.id, std::move(flight));
  if (by_tcp) return send_by_tcp(line, message);
  counters_.sent.add();
  set_due(line, kAnswerTime);
}

void Notifier::send_query(LedgerLine& line) {
  draw_id(line);
  line.phase = Phase::asking;
  if (!send(line, zones::make_soa_query(line.id, line.zone->apex))) return unanswered(line);
  line.target->flights.emplace(line.id, NotifyTarget::Flight{&line, nullptr, {}});
  ++line.target->questions;
  counters_.queries.add();
  set_due(line, kAnswerTime);
}

void Notifier::send_by_tcp(LedgerLine& line, const std::string& message) {
  line.target->by_tcp = true;
  counters_.by_tcp.add();
  std::make_shared<TcpNotify>(*this, line.target->endpoint, line.id, message)->start();
}

bool Notifier::send(LedgerLine& line, const std::string& message) {
  auto& socket = line.target->endpoint.address().is_v4() ? v4_ : v6_;
  if (!socket) return false;
  error_code error;
  socket->send_to(asio::buffer(message), line.target->endpoint, 0, error);
  return !error || error == asio::error::would_block;  // then it counts as lost on the way
}

// ---- what comes of it ----

void Notifier::receive(udp::socket& socket) {
  socket.async_wait(udp::socket::wait_read, [this, &socket](const error_code& error) {
    if (error) return;
    for (unsigned i = 0; i < kResponsesInARow; ++i) {
      error_code failed;
      const size_t size = socket.receive_from(asio::buffer(buffer_), from_, 0, failed);
      if (failed == asio::error::would_block) break;
      if (!failed) on_response(from_, Bytes(buffer_).first(size));
    }
    receive(socket);
  });
}

// The ID, the source and the question have to be those of a request under way.
void Notifier::on_response(const udp::endpoint& from, Bytes message) {
  const auto response = zones::read_response(message);
  if (!response) return;
  const auto [first, last] = targets_at_.equal_range(from.address());
  for (auto at = first; at != last; ++at) {
    NotifyTarget& target = *at->second;
    if (target.endpoint != from) continue;
    const auto found = target.flights.find(response->id);
    if (found == target.flights.end() || !zones::is_about(message, found->second.line->zone->apex)) continue;
    if (take_response(target, found->second, *response, message)) return;
  }
}

// False if it is not authentic, or answers something else.
bool Notifier::take_response(NotifyTarget& target, const NotifyTarget::Flight& flight,
                             const zones::SecondaryResponse& response, Bytes message) {
  LedgerLine& line = *flight.line;
  const bool notify = line.phase == Phase::notifying;
  if ((response.opcode == zones::Opcode::notify) != notify) return false;
  if (flight.key && !check_response(message, flight.key, flight.mac, tsig_now()).authentic()) return false;
  land(line);
  clear_due(line);
  revive(target);
  if (notify) {
    on_notify_answer(line, response.rcode);
  } else {
    if (response.serial && response.rcode == Rcode::noerror) prove(line, *response.serial, Proof::query);
    if (line.owes()) {
      ++line.rounds;
      rest(line, backoff(line.rounds));
    } else {
      settle(line);
    }
  }
  pump(target);
  return true;
}

void Notifier::on_notify_answer(LedgerLine& line, Rcode rcode) {
  line.answered_at = unix_time();
  line.notify_rcode = rcode;
  line.attempts = 0;
  const bool accepted = rcode == Rcode::noerror;
  (accepted ? counters_.answered : counters_.refused).add();
  log_outcome(line, accepted ? "answered" : "refused");
  if (!line.owes()) return settle(line);
  if (accepted && line.notified_serial != line.zone->serial) {
    line.phase = Phase::idle;
    return owe(line);
  }
  line.rounds = static_cast<uint8_t>(std::min(line.rounds + (accepted ? 0 : 1), 9));
  line.phase = Phase::answered;
  set_due(line, kTransferTime * (1U << line.rounds));
}

void Notifier::unanswered(LedgerLine& line) {
  NotifyTarget& target = *line.target;
  land(line);
  if (!line.owes()) return settle(line);  // it has transferred, and does not answer questions
  counters_.unanswered.add();
  ++target.failures;
  line.attempts = static_cast<uint8_t>(std::min(line.attempts + 1, 60));
  log_outcome(line, "unanswered");
  const bool soon = line.attempts <= kUdpTries && !target.is_down();
  rest(line, soon ? kSoon : backoff(line.attempts - std::min<unsigned>(line.attempts, kUdpTries + 1)));
  pump(target);
}

void Notifier::rest(LedgerLine& line, Clock::duration pause) {
  withdraw(line);
  line.phase = Phase::resting;
  if (line.attempts > 0) line.target->resting.insert(&line);
  set_due(line, pause);
}

// Whoever answers is told at once of all that waited.
void Notifier::revive(NotifyTarget& target) {
  target.failures = 0;
  for (LedgerLine* line : std::exchange(target.resting, {})) {
    line->attempts = 0;
    enqueue(*line);
  }
}

void Notifier::prove(LedgerLine& line, uint32_t serial, Proof proof) {
  line.serial = serial;
  line.proof = proof;
  line.proven_at = unix_time();
  unkept_.insert(line.zone);
}

void Notifier::settle(LedgerLine& line) {
  withdraw(line);
  line.attempts = line.rounds = 0;
  counters_.paid.add();
  check_waiters(*line.zone);
  pump(*line.target);
}

// A secondary may have received all and yet fail to keep it: its disk is full, it was killed. So it is asked once more.
void Notifier::confirm_later(LedgerLine& line) {
  line.phase = Phase::answered;
  set_due(line, kTransferTime);
}

void Notifier::log_outcome(const LedgerLine& line, const char* outcome) {
  transfers_.write("notify", {{"zone", line.zone->apex.to_text()},
                              {"peer", place_of(line.target->endpoint)},
                              {"serial", line.notified_serial ? Json(*line.notified_serial) : Json()},
                              {"attempt", line.attempts},
                              {"rcode", line.notify_rcode ? Json(static_cast<int>(*line.notify_rcode)) : Json()},
                              {"result", outcome}});
}

// ---- what secondaries do ----

void Notifier::heard_from(const IpAddress& address) {
  const auto [first, last] = targets_at_.equal_range(address);
  for (auto at = first; at != last; ++at) {
    if (at->second->failures > 0) revive(*at->second);
    pump(*at->second);
  }
}

// Whoever says that it has the serial is asked at once: that it cannot forge.
void Notifier::polled(uint64_t apex, const IpAddress& address, std::optional<uint32_t> serial) {
  heard_from(address);
  const auto zone = zones_by_hash_.find(apex);
  if (zone == zones_by_hash_.end()) return;
  for (const auto& line : zone->second->lines) {
    if (line->target->endpoint.address() != address) continue;
    line->polled_at = unix_time();
    line->polled_serial = serial;
    if (line->owes() && serial == zone->second->serial && line->phase == Phase::answered) set_due(*line, kSoon);
  }
}

void Notifier::saw_serial(zones::NameView apex, const IpAddress& peer, uint32_t serial) {
  heard_from(peer);
  LedgerZone* zone = find(apex);
  if (zone == nullptr) return;
  for (const auto& line : zone->lines) {
    if (line->target->endpoint.address() != peer) continue;
    prove(*line, serial, Proof::ixfr_request);
    if (!line->owes()) {
      settle(*line);
    } else if (line->phase == Phase::idle) {  // the transfer that it asks for will do; if not, we ask
      line->phase = Phase::answered;
      set_due(*line, kTransferTime);
    }
  }
}

void Notifier::transferred(const TransferReport& report) {
  if (transfers_.writes()) transfers_.write("transfer", to_json(report));
  heard_from(report.peer);
  LedgerZone* zone = find(report.apex);
  if (zone == nullptr) return;
  for (const auto& line : zone->lines) {
    if (line->target->endpoint.address() != report.peer) continue;
    line->transfer = std::make_unique<TransferReport>(report);
    line->transferred_at = unix_time();
    prove(*line, report.to, Proof::transfer);
    if (line->owes()) continue;
    settle(*line);
    confirm_later(*line);
  }
}

void Notifier::refused(zones::NameView apex, const IpAddress& peer, const std::string& why) {
  transfers_.write("refused", {{"zone", apex.to_text()}, {"peer", peer.to_string()}, {"result", why}});
  LedgerZone* zone = find(apex);
  if (zone == nullptr) return;
  zone->refused_at = unix_time();
  zone->refused_peer = peer;
  zone->refused_why = why;
}

// ---- what operators ask ----

Outcome<size_t> Notifier::notify(const zones::Name& apex) {
  LedgerZone* zone = find(apex);
  if (zone == nullptr)
    return Failure{FailureCode::no_such_zone, "zone " + apex.to_text() + " has no secondary DNS enabled"};
  for (const auto& line : zone->lines) {
    line->target->failures = 0;
    line->serial.reset();  // proven anew
    line->attempts = line->rounds = 0;
    if (line->phase == Phase::queued || line->phase == Phase::notifying) continue;
    enqueue(*line);
  }
  return zone->lines.size();
}

namespace {

void add_lines(Json& lines, const LedgerZone& zone, bool behind) {
  const int64_t now = unix_time();
  for (const auto& line : zone.lines) {
    if (!behind || line->owes()) lines.push_back(to_json(*line, place_of(line->target->endpoint), now));
  }
}

}  // namespace

Json Notifier::status(const zones::Name& apex, bool behind) const {
  Json lines = Json::array();
  if (const LedgerZone* zone = find(apex)) add_lines(lines, *zone, behind);
  return lines;
}

Notifier::Page Notifier::status_page(const std::optional<std::string>& after, bool behind) const {
  Page page{Json::array(), after, false};
  auto zone = after ? zones_.upper_bound(*after) : zones_.begin();
  for (unsigned seen = 0; zone != zones_.end() && seen < kStatusPage; ++zone, ++seen) {
    add_lines(page.lines, *zone->second, behind);
    page.last = zone->first;
  }
  page.more = zone != zones_.end();
  return page;
}

void Notifier::wait_for(const zones::Name& apex, uint32_t serial, seconds patience, Waited done) {
  LedgerZone* zone = find(apex);
  if (zone == nullptr) return done(true, Json::array());
  waiters_.emplace(zone, Waiter{serial, Clock::now() + patience, std::move(done)});
  check_waiters(*zone);
}

void Notifier::check_waiters(LedgerZone& zone) {
  const auto [first, last] = waiters_.equal_range(&zone);
  for (auto at = first; at != last;) {
    const Waiter& waiter = at->second;
    const bool all = std::ranges::all_of(zone.lines, [&](const auto& line) {
      return line->serial && !zones::serial_newer(waiter.serial, *line->serial);
    });
    if (!all && Clock::now() < waiter.deadline) {
      ++at;
      continue;
    }
    waiter.done(all, status(zone.apex, false));
    at = waiters_.erase(at);
  }
}

// ---- time ----

void Notifier::set_due(LedgerLine& line, Clock::duration pause) {
  clear_due(line);
  line.due = due_.emplace(Clock::now() + pause, &line);
  line.is_due = true;
  if (line.due == due_.begin()) arm();
}

void Notifier::clear_due(LedgerLine& line) {
  if (std::exchange(line.is_due, false)) due_.erase(line.due);
}

void Notifier::arm() {
  if (due_.empty() || !started_) return;
  due_timer_.expires_at(due_.begin()->first);
  due_timer_.async_wait([this](const error_code& cancelled) {
    if (cancelled) return;
    const auto now = Clock::now();
    while (!due_.empty() && due_.begin()->first <= now) {
      LedgerLine& line = *due_.begin()->second;
      clear_due(line);
      on_due(line);
    }
    arm();
  });
}

void Notifier::on_due(LedgerLine& line) {
  switch (line.phase) {
    case Phase::notifying:
    case Phase::asking:
      return unanswered(line);
    case Phase::answered:
      return doubt(line);
    case Phase::resting:
      return enqueue(line);
    case Phase::idle:
    case Phase::queued:
    case Phase::doubted:
      break;
  }
}

void Notifier::tick() {
  keep_proofs();
  std::set<LedgerZone*> waited;
  for (const auto& [zone, waiter] : waiters_) waited.insert(zone);
  for (LedgerZone* zone : waited) check_waiters(*zone);
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) tick();
  });
}

void Notifier::keep_proofs() {
  if (unkept_.empty()) return;
  std::vector<Store::LedgerText> lines;
  for (const LedgerZone* zone : std::exchange(unkept_, {})) {
    std::vector<KeptProof> proofs;
    for (const auto& line : zone->lines) {
      if (line->serial) proofs.push_back({place_of(line->target->endpoint), *line->serial, line->proven_at});
    }
    lines.push_back({zone->apex, proofs_to_stored(proofs)});
  }
  updater_.keep_ledger(std::move(lines), [](const Outcome<size_t>&) {});
}

}  // namespace axfrd::control

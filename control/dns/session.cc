#include "control/dns/session.h"

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using zones::Bytes;

constexpr size_t kUsualInput = 4096;      // the buffer grows for a longer request, and shrinks again
constexpr size_t kUsualAnswers = 4096;    // the same for answers
constexpr size_t kMaxQueued = 16 * 1024;  // octets of waiting answers at which no more requests are taken
constexpr size_t kMaxTransfers = 16;      // in flight in one session, at which no more requests are taken
constexpr size_t kMaxUpdates = 64;        // the same for updates
constexpr size_t kBatchOctets = 256 * 1024;
constexpr size_t kTurnOctets = 256 * 1024;  // octets written before other sessions have their turn
constexpr size_t kPiecesOfMessage = 3;

}  // namespace

DnsSession::DnsSession(std::unique_ptr<Channel> channel, SessionTable::Entry& entry, Shared& shared)
    : channel_(std::move(channel)),
      entry_(entry),
      shared_(shared),
      input_(kUsualInput),
      request_begun_(shared.now()),
      last_request_(*request_begun_),
      last_progress_(*request_begun_) {}

void DnsSession::start() { read(); }

void DnsSession::finish(SessionEnd why) {
  finishing_ = true;
  why_ = why;
  if (idle()) close(why);
}

void DnsSession::close(SessionEnd why) {
  if (closed_) return;
  closed_ = true;
  report_broken_off(why);
  // After a normal close the kernel would keep, for minutes, octets that the client does not take.
  const bool slow = why == SessionEnd::evicted_slow || shared_.now() - last_progress_ >= SessionTable::kGrace;
  slow && channel_->unacknowledged() != 0 ? channel_->abort() : channel_->close();
  shared_.counters.count(why);
  shared_.closed(*this);
}

bool DnsSession::can_take() const {
  return !finishing_ && !waiting_ && answers_.size() < kMaxQueued && transfers_.size() < kMaxTransfers &&
         updates_ < kMaxUpdates;
}

void DnsSession::go_on() {
  take_requests();
  write();
  if (closed_) return;
  // The limits of can_take() have left a request in the buffer.
  if (can_take() && !next_frame().empty()) wait_for_turn();
  if ((input_ended_ || finishing_) && idle()) return close(why_);
  tell_table();
  read();
}

// ---- limits ----

void DnsSession::tell_table() {
  const bool owes = waiting_ || !nothing_to_write();
  if (owes && !owing_) owing_from_ = written_;
  owing_ = owes;
  if (owes) {
    shared_.table.owed(entry_, last_progress_);
  } else if (updates_ != 0) {
    shared_.table.working(entry_);
  } else if (asked_ || !SessionTable::is_idle(entry_)) {
    shared_.table.idle(entry_);
  }
  asked_ = false;
}

std::optional<SessionEnd> DnsSession::overdue(Clock::time_point now, const TcpLimits& limits) const {
  if (!idle()) return now - last_progress_ > limits.idle ? std::optional(SessionEnd::stalled) : std::nullopt;
  if (now - last_request_ > limits.idle) return SessionEnd::idle;
  if (request_begun_ && now - *request_begun_ > limits.request) return SessionEnd::half_open;
  return std::nullopt;
}

uint64_t DnsSession::taken() const {
  const uint64_t written = written_ - owing_from_;
  return written - std::min(written, channel_->unacknowledged());
}

size_t DnsSession::memory() const {
  return sizeof *this + input_.capacity() + answers_.capacity() + transfers_.size() * sizeof(ActiveTransfer) +
         (unsent_ ? unsent_->memory() : 0);
}

// ---- requests ----

void DnsSession::read() {
  if (reading_ || input_ended_ || finishing_ || !next_frame().empty()) return;
  make_room_in_buffer();
  reading_ = true;
  channel_->async_read(zones::MutableBytes(input_).subspan(input_end_),
                       [self = shared_from_this()](const auto& error, size_t octets) {
                         self->reading_ = false;
                         if (!self->closed_) self->on_read(error, octets);
                       });
}

void DnsSession::on_read(const boost::system::error_code& error, size_t octets) {
  // After the end of input the client may still read responses.
  if (error == asio::error::eof) {
    input_ended_ = true;
  } else if (error) {
    return close(SessionEnd::by_client);
  }
  input_end_ += octets;
  if (!request_begun_) request_begun_ = shared_.now();
  go_on();
}

// Moves the remaining octets to the front. The buffer grows only when a request does not fit.
void DnsSession::make_room_in_buffer() {
  std::copy(input_.begin() + static_cast<ptrdiff_t>(input_begin_), input_.begin() + static_cast<ptrdiff_t>(input_end_),
            input_.begin());
  input_end_ -= input_begin_;
  input_begin_ = 0;
  if (input_end_ == input_.size()) {
    input_.resize(std::min(2 * input_.size(), size_t{2} + zones::kMaxMessage));
  } else if (input_end_ == 0 && input_.size() > kUsualInput) {
    input_ = std::vector<uint8_t>(kUsualInput);
  }
}

Bytes DnsSession::next_frame() const {
  const Bytes received(input_.data() + input_begin_, input_end_ - input_begin_);
  if (received.size() < 2) return {};
  const size_t size = zones::load16(received.data());
  if (received.size() < 2 + size) return {};
  return received.subspan(0, 2 + size);
}

void DnsSession::take_requests() {
  const dataplane::ReadSection section(shared_.reader);
  while (can_take()) {
    const Bytes frame = next_frame();
    if (frame.empty()) return;
    input_begin_ += frame.size();
    take(frame.subspan(2));
  }
}

void DnsSession::take(Bytes request) {
  last_request_ = shared_.now();
  asked_ = true;
  if (input_begin_ == input_end_) {
    request_begun_.reset();
  } else {
    request_begun_ = last_request_;  // of the next request, which has begun to arrive
  }
  uint8_t* message = shared_.scratch.data() + 2;
  std::copy(request.begin(), request.end(), message);
  auto outcome = shared_.handler.handle(message, static_cast<unsigned>(request.size()), zones::kMaxMessage,
                                        channel_->who().transport, peer());
  if (outcome.transfer) {
    shared_.counters.transfers.add();
    if (shared_.log.shows(LogLevel::debug))
      shared_.log.debug("transfer of ", outcome.transfer->version()->apex().name.to_text(), " serial ",
                        outcome.transfer->version()->serial(), " to ", peer(), " begins",
                        outcome.transfer->difference() != nullptr
                            ? ", as IXFR from serial " + std::to_string(outcome.transfer->difference()->from)
                            : std::string());
    transfers_.push_back({std::move(*outcome.transfer), std::move(outcome.signer), last_request_, last_request_});
  } else if (outcome.size != 0) {
    queue_answer({message, outcome.size});
  } else if (outcome.update) {
    make(std::move(*outcome.update));
  } else {  // a client of another protocol; earlier requests are still answered
    finishing_ = true;
    why_ = SessionEnd::malformed;
  }
}

void DnsSession::make(PendingUpdate update) {
  ++updates_;
  shared_.updates.start(std::move(update), [self = shared_from_this()](Bytes response) {
    --self->updates_;
    self->shared_.handler.count_response(response);
    if (self->closed_) return;
    self->queue_answer(response);
    self->go_on();
  });
}

void DnsSession::queue_answer(Bytes answer) {
  std::array<uint8_t, 2> length;
  zones::store16(length.data(), static_cast<unsigned>(answer.size()));
  answers_.append(zones::text_of(length)).append(zones::text_of(answer));
}

// ---- responses ----

void DnsSession::write() {
  for (size_t written = 0; !waiting_ && !nothing_to_write();) {
    if (written >= kTurnOctets) return wait_for_turn();
    Gather& batch = shared_.batch;
    compose(batch);
    written += batch.size();
    last_progress_ = shared_.now();
    if (!send(batch)) return;
    if (!batch.empty()) {
      unsent_ = std::make_unique<Gather>(batch);
      return wait_for_channel();
    }
    end_transfers();
  }
}

void DnsSession::compose(Gather& batch) {
  batch.clear();
  batch.copy(zones::bytes_of(answers_));
  answers_.clear();
  if (answers_.capacity() > kUsualAnswers) answers_.shrink_to_fit();
  while (!transfers_.empty() && batch.size() < kBatchOctets && batch.pieces() + kPiecesOfMessage <= batch.kMaxPieces) {
    ActiveTransfer& transfer = transfers_.front();
    add_message(transfer, batch);
    auto& next = transfer.transfer.done() ? ended_ : transfers_;
    next.splice(next.end(), transfers_, transfers_.begin());
  }
}

void DnsSession::add_message(ActiveTransfer& transfer, Gather& batch) {
  const auto message = transfer.transfer.next();
  size_t octets = message.size();
  std::string tsig;
  if (transfer.signer) {
    const std::array<Bytes, 3> pieces{message.prefix.subspan(2), message.records, message.suffix};
    tsig = transfer.signer->sign(pieces, tsig_now());
    octets += tsig.size();
  }
  const size_t prefix_at = batch.copy(message.prefix);
  if (transfer.signer) {  // the length and ARCOUNT include the TSIG record
    zones::store16(batch.copied(prefix_at), static_cast<unsigned>(octets - 2));
    count_tsig(batch.copied(prefix_at) + 2);
  }
  batch.refer(message.records);
  batch.copy(message.suffix);
  batch.copy(zones::bytes_of(tsig));
  if (transfer.messages == 0) transfer.first = shared_.now();
  transfer.messages += 1;
  transfer.octets += octets;
  shared_.counters.transfer_messages.add();
  shared_.counters.transfer_bytes.add(octets);
}

// Sends what the channel takes. False if that has closed the session.
bool DnsSession::send(Gather& batch) {
  const std::optional<size_t> sent = channel_->send(batch);
  if (!sent) {
    close(SessionEnd::by_client);
    return false;
  }
  if (*sent > 0) last_progress_ = shared_.now();
  written_ += *sent;
  return true;
}

void DnsSession::wait_for_channel() {
  waiting_ = true;
  channel_->async_wait_writable([self = shared_from_this()](const auto& error) {
    if (self->closed_) return;
    if (error) return self->close(SessionEnd::by_client);
    self->on_writable();
  });
}

void DnsSession::on_writable() {
  if (!send(*unsent_)) return;
  if (!unsent_->empty()) return wait_for_channel();
  unsent_.reset();
  waiting_ = false;
  end_transfers();
  if (idle()) last_request_ = last_progress_;  // the time of the write does not count as idle
  go_on();
}

void DnsSession::wait_for_turn() {
  waiting_ = true;
  asio::post(shared_.loop, [self = shared_from_this()] {
    if (self->closed_) return;
    self->waiting_ = false;
    self->go_on();
  });
}

void DnsSession::end_transfers() {
  for (const ActiveTransfer& transfer : ended_) report(transfer);
  ended_.clear();
}

TransferReport DnsSession::report_of(const ActiveTransfer& transfer) const {
  const zones::ZoneVersion& version = *transfer.transfer.version();
  const zones::Difference* difference = transfer.transfer.difference();
  const auto milliseconds = [&](Clock::time_point until) {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(until - transfer.start).count());
  };
  return {zones::Name(version.apex().name),
          peer(),
          transfer.signer ? transfer.signer->key_name() : "",
          difference != nullptr,
          difference != nullptr ? difference->from : 0,
          version.serial(),
          transfer.messages,
          transfer.octets,
          milliseconds(transfer.first),
          milliseconds(shared_.now())};
}

// If there is a log of transfers, this log gets transfers only at level debug.
void DnsSession::report(const ActiveTransfer& transfer) const {
  const TransferReport report = report_of(transfer);
  shared_.counters.transfers_finished.add();
  if (report.incremental) shared_.counters.ixfr_finished.add();
  shared_.peers.transferred(report);
  const LogLevel level = shared_.peers.logs_transfers() ? LogLevel::debug : LogLevel::info;
  if (!shared_.log.shows(level)) return;
  const std::string kind = report.incremental ? "IXFR from serial " + std::to_string(report.from) : "AXFR";
  const std::string text = Log::text("transfer of ", report.apex.to_text(), " serial ", report.to, " to ", peer(), ": ",
                                     kind, ", ", report.key.empty() ? "" : "key " + report.key + ", ", report.messages,
                                     " messages, ", report.octets, " octets, ", report.total_ms, " ms");
  level == LogLevel::debug ? shared_.log.debug(text) : shared_.log.info(text);
}

// Transfers that are cut off because axfrd stops are not reported.
void DnsSession::report_broken_off(SessionEnd why) const {
  if (why == SessionEnd::stopped) return;
  static constexpr std::array<const char*, kSessionEndNames.size()> kSentences{
      "the connection was closed by the other side, or broke",
      "nothing was asked for too long",
      "a request did not come to its end in time",
      "it did not read for too long",
      "what it sent was no DNS request",
      "another client needed the session",
      "it read slowest, and another client needed the session",
      "too many sessions of its address",
      "too many sessions of its network",
      "too many sessions",
      ""};
  for (const auto* list : {&ended_, &transfers_}) {
    for (const ActiveTransfer& transfer : *list) {
      const TransferReport report = report_of(transfer);
      shared_.log.debug("transfer of ", report.apex.to_text(), " to ", peer(), " was broken off after ", report.octets,
                        " octets: ", kSentences[static_cast<size_t>(why)]);
      shared_.peers.broken_off(report, kSentences[static_cast<size_t>(why)]);
    }
  }
}

}  // namespace axfrd::control

#include "control/dns/session.h"

#include <netinet/tcp.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <span>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using zones::Bytes;

constexpr size_t kUsualInput = 4096;        // grows for a longer request, and shrinks again
constexpr size_t kMaxQueued = 64 * 1024;    // octets of answers that wait, before we stop reading
constexpr size_t kMaxTransfers = 16;        // under way in one session, before we stop reading
constexpr size_t kMaxUpdates = 64;          // the same
constexpr size_t kBatchOctets = 64 * 1024;  // more in one go gains nothing, and makes others wait
constexpr size_t kBatchPieces = 64;         // what Asio gives to one sendmsg
constexpr size_t kPiecesOfMessage = 4;

// What the kernel may hold unsent: more would only delay answers queued behind a transfer, and cost memory for clients
// that do not read.
constexpr int kMaxUnsent = 256 * 1024;

asio::const_buffer to_buffer(Bytes octets) { return {octets.data(), octets.size()}; }
std::string to_string(Bytes octets) { return {reinterpret_cast<const char*>(octets.data()), octets.size()}; }

// The TSIG record for `message`, whose length and header in `prefix` then count it.
std::string sign(TsigSigner& signer, std::string& prefix, const zones::Transfer::Message& message) {
  auto* framed = reinterpret_cast<uint8_t*>(prefix.data());
  const std::array<Bytes, 3> pieces{Bytes(framed + 2, prefix.size() - 2), message.records, message.suffix};
  std::string tsig = signer.sign(pieces, tsig_now());
  zones::store16(framed, static_cast<unsigned>(message.size() - 2 + tsig.size()));
  count_tsig(framed + 2);
  return tsig;
}

void set_options(asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;  // a connection that is gone already is noticed when it is read
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsent, sizeof kMaxUnsent);
}

}  // namespace

DnsSession::DnsSession(asio::ip::tcp::socket socket, IpAddress peer, Shared& shared)
    : socket_(std::move(socket)),
      peer_(std::move(peer)),
      shared_(shared),
      input_(kUsualInput),
      last_request_(Clock::now()),
      last_progress_(last_request_) {}

void DnsSession::start() {
  set_options(socket_);
  read();
}

void DnsSession::finish() {
  finishing_ = true;
  if (idle()) close();
}

void DnsSession::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  shared_.closed(*this);
}

bool DnsSession::has_room() const {
  return !finishing_ && answers_.size() < kMaxQueued && transfers_.size() < kMaxTransfers && updates_ < kMaxUpdates;
}

void DnsSession::go_on() {
  take_requests();
  if (closed_) return;
  write();
  if (closed_) return;
  if ((input_ended_ || finishing_) && idle()) return close();
  read();
}

// ---- requests ----

void DnsSession::read() {
  if (reading_ || input_ended_ || !has_room()) return;
  make_room_in_buffer();
  reading_ = true;
  socket_.async_read_some(asio::buffer(input_.data() + input_end_, input_.size() - input_end_),
                          [self = shared_from_this()](const auto& error, size_t octets) {
                            self->reading_ = false;
                            if (!self->closed_) self->on_read(error, octets);
                          });
}

void DnsSession::on_read(const boost::system::error_code& error, size_t octets) {
  // After an end of input the client may still read what it asked for.
  if (error == asio::error::eof) {
    input_ended_ = true;
  } else if (error) {
    return close();
  }
  input_end_ += octets;
  go_on();
}

// Moves what is left to the front, and makes the buffer hold one whole request.
void DnsSession::make_room_in_buffer() {
  std::copy(input_.begin() + static_cast<ptrdiff_t>(input_begin_), input_.begin() + static_cast<ptrdiff_t>(input_end_),
            input_.begin());
  input_end_ -= input_begin_;
  input_begin_ = 0;
  const size_t frame = input_end_ < 2 ? 2 : 2U + zones::load16(input_.data());
  if (frame > input_.size()) {
    input_.resize(frame);
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
  while (!closed_ && has_room()) {
    const Bytes frame = next_frame();
    if (frame.empty()) return;
    input_begin_ += frame.size();
    take(frame.subspan(2));
  }
}

void DnsSession::take(Bytes request) {
  last_request_ = Clock::now();
  uint8_t* message = shared_.scratch.data() + 2;
  std::copy(request.begin(), request.end(), message);
  auto outcome = shared_.handler.handle(message, static_cast<unsigned>(request.size()), zones::kMaxMessage,
                                        zones::Transport::tcp, peer_);
  if (outcome.transfer) {
    shared_.counters.transfers.add();
    transfers_.push_back({std::move(*outcome.transfer), std::move(outcome.signer), last_request_, last_request_});
  } else if (outcome.size != 0) {
    queue_answer({message, outcome.size});
  } else if (outcome.update) {
    make(std::move(*outcome.update));
  } else {  // who sends no DNS here will hardly begin to
    shared_.counters.malformed_closed.add();
    close();
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
  answers_.append(to_string(length)).append(to_string(answer));
}

// ---- responses ----

void DnsSession::write() {
  if (writing_ || idle()) return;
  compose();
  writing_ = true;
  last_progress_ = Clock::now();
  write_some();
}

void DnsSession::compose() {
  batch_ = {};
  if (!answers_.empty()) add_own(std::exchange(answers_, {}));
  while (!transfers_.empty() && batch_.octets < kBatchOctets &&
         batch_.pieces.size() + kPiecesOfMessage <= kBatchPieces) {
    ActiveTransfer transfer = std::move(transfers_.front());
    transfers_.pop_front();
    add_message(transfer);
    if (transfer.transfer.done()) {
      batch_.finished.push_back(std::move(transfer));
    } else {
      transfers_.push_back(std::move(transfer));
    }
  }
}

void DnsSession::add_message(ActiveTransfer& transfer) {
  const auto message = transfer.transfer.next();
  std::string prefix = to_string(message.prefix);  // prefix and suffix are overwritten by the next message
  std::string tsig;
  if (transfer.signer) tsig = sign(*transfer.signer, prefix, message);
  const size_t octets = message.size() + tsig.size();
  if (transfer.messages == 0) transfer.first = Clock::now();
  add_own(std::move(prefix));
  add_piece(message.records);
  add_own(to_string(message.suffix));
  add_own(std::move(tsig));
  transfer.messages += 1;
  transfer.octets += octets;
  shared_.counters.transfer_messages.add();
  shared_.counters.transfer_bytes.add(octets);
}

void DnsSession::add_piece(Bytes octets) {
  if (octets.empty()) return;
  batch_.pieces.push_back(to_buffer(octets));
  batch_.octets += octets.size();
}

void DnsSession::add_own(std::string octets) {
  if (octets.empty()) return;
  const std::string& kept = batch_.own.emplace_back(std::move(octets));
  add_piece({reinterpret_cast<const uint8_t*>(kept.data()), kept.size()});
}

void DnsSession::write_some() {
  const std::span<const asio::const_buffer> rest = std::span(batch_.pieces).subspan(batch_.first);
  socket_.async_write_some(rest, [self = shared_from_this()](const auto& error, size_t octets) {
    if (!self->closed_) self->on_written(error, octets);
  });
}

void DnsSession::on_written(const boost::system::error_code& error, size_t octets) {
  if (error) return close();
  last_progress_ = Clock::now();
  while (octets > 0) {
    asio::const_buffer& piece = batch_.pieces[batch_.first];
    const size_t taken = std::min(octets, piece.size());
    piece += taken;
    octets -= taken;
    if (piece.size() == 0) ++batch_.first;
  }
  if (batch_.first < batch_.pieces.size()) return write_some();
  writing_ = false;
  for (const ActiveTransfer& transfer : batch_.finished) report(transfer);
  batch_ = {};
  if (idle()) last_request_ = last_progress_;  // waiting for us does not count as idling
  go_on();
}

void DnsSession::report(const ActiveTransfer& transfer) const {
  const zones::ZoneVersion& version = *transfer.transfer.version();
  const zones::Difference* difference = transfer.transfer.difference();
  const auto milliseconds = [&](Clock::time_point until) {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(until - transfer.start).count());
  };
  const TransferReport report{zones::Name(version.apex().name),
                              peer_,
                              transfer.signer ? transfer.signer->key_name() : "",
                              difference != nullptr,
                              difference != nullptr ? difference->from : 0,
                              version.serial(),
                              transfer.messages,
                              transfer.octets,
                              milliseconds(transfer.first),
                              milliseconds(Clock::now())};
  shared_.counters.transfers_finished.add();
  if (report.incremental) shared_.counters.ixfr_finished.add();
  const std::string kind = report.incremental ? "IXFR from serial " + std::to_string(report.from) : "AXFR";
  shared_.log.info("transfer of ", report.apex.to_text(), " serial ", report.to, " to ", peer_, ": ", kind, ", ",
                   report.key.empty() ? "" : "key " + report.key + ", ", report.messages, " messages, ", report.octets,
                   " octets, ", report.total_ms, " ms");
  shared_.notifier.transferred(report);
}

}  // namespace axfrd::control

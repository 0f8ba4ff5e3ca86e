#include "bench/axfr_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "zones/wire/record_walk.h"

namespace axfrd::bench {

namespace {

using namespace zones;  // NOLINT(google-build-using-namespace): this file is all wire format

// OPT and TSIG behind the closing SOA fit in here.
constexpr size_t kMaxTrailer = 1024;

[[noreturn]] void fail(const std::string& why) { throw std::runtime_error(why); }

unsigned question_end(Bytes message) {
  if (load16(&message[4]) == 0) return kHeaderSize;
  const auto name = NameView::read(message, kHeaderSize);
  if (load16(&message[4]) != 1 || !name) fail("a response with a malformed question");
  return kHeaderSize + name->size() + 4;
}

}  // namespace

std::string axfr_request(const Name& apex, uint16_t id, const control::TsigKeyRef& key, control::TsigCheck* check) {
  std::string message(kHeaderSize, '\0');
  auto* header = reinterpret_cast<uint8_t*>(message.data());
  store16(header, id);
  store16(header + 4, 1);
  message += text_of(apex.view().bytes());
  for (const uint16_t value : {rrtype::AXFR, rrclass::IN}) {
    message += static_cast<char>(value >> 8);
    message += static_cast<char>(value);
  }
  if (key) {
    control::TsigSigner signer(key);
    const auto size = static_cast<unsigned>(message.size());
    message.resize(size + signer.max_size());
    signer.append(reinterpret_cast<uint8_t*>(message.data()), size, static_cast<unsigned>(message.size()),
                  control::tsig_now());
    const Bytes whole = bytes_of(message);
    if (check != nullptr) *check = control::check_request(whole, control::KeyRing({key}), control::tsig_now());
  }
  std::string framed(2, '\0');
  store16(reinterpret_cast<uint8_t*>(framed.data()), static_cast<unsigned>(message.size()));
  return framed + message;
}

void TsigVerifier::take(Bytes message, bool last) {
  // The MAC is worked out below, for messages behind the first are signed in another way than check_response() knows.
  const control::TsigCheck received = control::check_response(message, key_, {}, control::tsig_now());
  const control::TsigRecord& record = received.record;
  if (record.mac.empty()) {
    if (first_ || last) fail("the first or the last message is not signed");
    if (unsigned_.size() == kMaxUnsigned) fail("more than 99 messages in a row are not signed");
    unsigned_.emplace_back(text_of(message));
    return;
  }
  const size_t tsig_size = record.key.view().size() + kRrFixed + record.algorithm.view().size() + 16 +
                           record.mac.size() + record.other.size();
  if (tsig_size > message.size() - kHeaderSize) fail("a TSIG record with compressed names");
  std::string covered(text_of(message.first(message.size() - tsig_size)));
  auto* header = reinterpret_cast<uint8_t*>(covered.data());
  store16(header, record.original_id);
  store16(header + 10, load16(header + 10) - 1U);
  unsigned_.push_back(std::move(covered));
  std::vector<Bytes> pieces;
  for (const std::string& piece : unsigned_) pieces.push_back(bytes_of(piece));
  signer_.sign(pieces, record.time_signed);
  if (signer_.mac() != record.mac) fail("a message with a wrong TSIG: " + control::to_text(record.error));
  unsigned_.clear();
  first_ = false;
}

void AxfrReader::take(Bytes message) {
  if (message.size() < kHeaderSize) fail("a message of " + std::to_string(message.size()) + " octets");
  const unsigned flags = load16(&message[2]);
  if ((flags & flag::QR) == 0 || (flags & 0xFU) != 0) fail("a response with RCODE " + std::to_string(flags & 0xFU));
  if (done()) fail("a message behind the closing SOA");
  messages_ += 1;
  records_ += load16(&message[6]);
  octets_ += message.size();
  if (every_ || messages_ == 1 || may_close(message)) walk(message);
}

bool AxfrReader::may_close(Bytes message) const {
  const auto end = message.last(std::min(message.size(), load16(&message[10]) == 0 ? kSoaTail : kMaxTrailer));
  return memmem(end.data(), end.size(), soa_tail_.data(), soa_tail_.size()) != nullptr;
}

void AxfrReader::walk(Bytes message) {
  const unsigned answers = load16(&message[6]);
  const unsigned others = load16(&message[8]) + load16(&message[10]);
  RecordWalk records(message.data(), static_cast<unsigned>(message.size()), question_end(message));
  for (unsigned i = 0; i < answers; ++i) {
    if (!records.next()) fail("a malformed record");
    if (messages_ == 1 && i == 0) {
      if (records.type() != rrtype::SOA || records.rdata().size() < kSoaTail) fail("no SOA at the beginning");
      soa_tail_ = text_of(records.rdata().last(kSoaTail));
      soas_ = 1;
    } else if (records.type() == rrtype::SOA) {
      if (i + 1 != answers || text_of(records.rdata().last(kSoaTail)) != soa_tail_)
        fail("an SOA amid the zone, or not that of its beginning");
      soas_ = 2;
    }
  }
  for (unsigned i = 0; i < others; ++i) {
    if (!records.next()) fail("a malformed record");
  }
  if (messages_ == 1 && soas_ == 0) fail("an empty response");
  if (records.end() != message.size()) fail("octets behind the last record");
}

}  // namespace axfrd::bench

#include "control/access/tsig.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "control/base/unix_time.h"
#include "zones/wire/record_walk.h"

namespace axfrd::control {

namespace {

using namespace zones;  // NOLINT(google-build-using-namespace): this file is all wire format

constexpr uint16_t kFudge = 300;     // RFC 8945 §10
constexpr unsigned kTimeSize = 6;    // of Time Signed, and of the server's time in Other Data
constexpr unsigned kLeastMac = 10;   // RFC 8945 §5.2.2.1
constexpr unsigned kArcountAt = 10;  // RFC 1035 §4.1.1
// RDATA behind the algorithm's name: time, fudge, MAC size; original ID, error, other length (RFC 8945 §4.2).
constexpr unsigned kBeforeMac = kTimeSize + 2 + 2, kBehindMac = 2 + 2 + 2;

// ---- reading ----

TsigTime load48(const uint8_t* p) { return (static_cast<TsigTime>(load16(p)) << 32) | load32(p + 2); }

// Where the records begin; nothing if the question is malformed.
std::optional<unsigned> question_end(Bytes message) {
  if (message.size() < kHeaderSize || message.size() > kMaxMessage) return std::nullopt;
  const unsigned questions = load16(&message[4]);
  if (questions == 0) return kHeaderSize;
  const auto name = NameView::read(message, kHeaderSize);
  const unsigned end = kHeaderSize + (name ? name->size() : 0) + 4;
  if (questions > 1 || !name || end > message.size()) return std::nullopt;
  return end;
}

// A TSIG record, and where it begins.
struct FoundTsig {
  TsigRecord record;
  unsigned at;
};

std::optional<FoundTsig> read_record(Bytes message, const RecordWalk& walk) {
  const Bytes rdata = walk.rdata();
  size_t at = walk.owner_at();
  const auto key = Name::read(message, at);
  const auto algorithm = NameView::read(rdata);
  if (!key || !algorithm || rdata.size() < algorithm->size() + kBeforeMac) return std::nullopt;
  const Bytes times = rdata.subspan(algorithm->size());
  const unsigned size = load16(&times[kBeforeMac - 2]);
  if (times.size() < kBeforeMac + size + kBehindMac) return std::nullopt;
  const Bytes mac = times.subspan(kBeforeMac, size);
  const Bytes rest = times.subspan(kBeforeMac + size);
  const Bytes other = rest.subspan(kBehindMac);
  if (other.size() != load16(&rest[4])) return std::nullopt;
  TsigRecord record{*key,
                    Name(*algorithm),
                    load48(times.data()),
                    load16(&times[kTimeSize]),
                    {mac.begin(), mac.end()},
                    load16(rest.data()),
                    static_cast<TsigError>(load16(&rest[2])),
                    {other.begin(), other.end()}};
  return FoundTsig{std::move(record), walk.owner_at()};
}

// The TSIG record of `message`. Nothing unless there is exactly one, which is well-formed and last in the additional
// section, and the rest of the message is well-formed (RFC 8945 §5.2).
std::optional<FoundTsig> find_tsig(Bytes message) {
  const auto begin = question_end(message);
  if (!begin) return std::nullopt;
  const unsigned additional = load16(&message[kArcountAt]);
  if (additional == 0) return std::nullopt;
  const unsigned before_last = load16(&message[6]) + load16(&message[8]) + additional - 1;
  RecordWalk walk(message.data(), static_cast<unsigned>(message.size()), *begin);
  for (unsigned i = 0; i < before_last; ++i) {
    if (!walk.next() || walk.type() == rrtype::TSIG) return std::nullopt;
  }
  if (!walk.next() || walk.end() != message.size()) return std::nullopt;
  if (walk.type() != rrtype::TSIG || walk.rr_class() != rrclass::ANY || walk.ttl() != 0) return std::nullopt;
  return read_record(message, walk);
}

// ---- writing ----

class WireWriter {
 public:
  explicit WireWriter(size_t capacity) { out_.reserve(capacity); }

  void octets(Bytes octets) { out_.append(zones::text_of(octets)); }
  void u16(uint64_t value) {
    out_ += static_cast<char>(value >> 8);
    out_ += static_cast<char>(value);
  }
  void u32(uint64_t value) {
    u16(value >> 16);
    u16(value);
  }
  void u48(uint64_t value) {
    u16(value >> 32);
    u32(value);
  }
  void sized(Bytes data) {
    u16(data.size());
    octets(data);
  }
  // Canonical form (RFC 4034 §6.2). Length octets are below 'A', so folding leaves them alone.
  void folded(NameView name) {
    for (const uint8_t octet : name.bytes()) out_ += static_cast<char>(fold(octet));
  }

  Bytes bytes() const { return zones::bytes_of(out_); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

size_t rdata_size(NameView algorithm, size_t mac, size_t other) {
  return algorithm.size() + kBeforeMac + mac + kBehindMac + other;
}

std::string encode(const TsigRecord& record) {
  const size_t rdata = rdata_size(record.algorithm, record.mac.size(), record.other.size());
  WireWriter out(record.key.view().size() + kRrFixed + rdata);
  out.octets(record.key.view().bytes());
  out.u16(rrtype::TSIG);
  out.u16(rrclass::ANY);
  out.u32(0);
  out.u16(rdata);
  out.octets(record.algorithm.view().bytes());
  out.u48(record.time_signed);
  out.u16(record.fudge);
  out.sized(record.mac);
  out.u16(record.original_id);
  out.u16(static_cast<uint16_t>(record.error));
  out.sized(record.other);
  return out.take();
}

// ---- digests ----

// What a MAC covers beside the message: all variables (RFC 8945 §4.3.3), or only the timers (§5.3.1).
enum class Covered : uint8_t { variables, timers };

void add_timers(WireWriter& out, const TsigRecord& record) {
  out.u48(record.time_signed);
  out.u16(record.fudge);
}

void add_variables(WireWriter& out, const TsigRecord& record) {
  out.folded(record.key);
  out.u16(rrclass::ANY);
  out.u32(0);
  out.folded(record.algorithm);
  add_timers(out, record);
  out.u16(static_cast<uint16_t>(record.error));
  out.sized(record.other);
}

constexpr size_t kTimers = kTimeSize + 2, kUsualVariables = 128;

// The MAC of the message in `pieces`, under its original ID; `prior` is the request's MAC or that of the message
// before, empty for a request.
Octets mac_of(Hmac& hmac, Bytes prior, std::span<const Bytes> pieces, const TsigRecord& record, Covered covered) {
  WireWriter before(2 + prior.size() + 2), behind(covered == Covered::variables ? kUsualVariables : kTimers);
  if (!prior.empty()) before.sized(prior);
  before.u16(record.original_id);
  covered == Covered::variables ? add_variables(behind, record) : add_timers(behind, record);

  hmac.add(before.bytes());
  hmac.add(pieces.front().subspan(2));
  for (const Bytes piece : pieces.subspan(1)) hmac.add(piece);
  hmac.add(behind.bytes());
  return hmac.finish();
}

// The MAC that a received message should have.
Octets expected_mac(const TsigKey& key, Bytes prior, Bytes message, const FoundTsig& tsig) {
  std::array<uint8_t, kHeaderSize> header;
  std::copy_n(message.begin(), kHeaderSize, header.begin());
  store16(&header[kArcountAt], load16(&header[kArcountAt]) - 1U);
  const std::array<Bytes, 2> pieces{header, message.subspan(kHeaderSize, tsig.at - kHeaderSize)};
  Hmac hmac = key.hmac();
  return mac_of(hmac, prior, pieces, tsig.record, Covered::variables);
}

// ---- checks ----

// RFC 8945 §5.2.2.1
bool is_mac_size(size_t size, size_t full) { return size <= full && size >= std::max<size_t>(kLeastMac, full / 2); }

bool is_in_time(const TsigRecord& record, TsigTime now) {
  const TsigTime apart = now > record.time_signed ? now - record.time_signed : record.time_signed - now;
  return apart <= record.fudge;
}

// The checks, in the order of RFC 8945 §5.2. `key`: the key that has the record's key name; null if there is none.
TsigCheck check(Bytes message, const FoundTsig& tsig, const TsigKeyRef& key, Bytes prior, TsigTime now) {
  const TsigRecord& record = tsig.record;
  const auto result = [&](Rcode rcode, TsigError error, const TsigKeyRef& proven) {
    return TsigCheck{rcode, error, proven, record};
  };
  if (!key || !record.algorithm.view().equals(wire_name(key->algorithm()))) {
    return result(Rcode::notauth, TsigError::badkey, nullptr);
  }
  const size_t full = mac_size(key->algorithm());
  if (!is_mac_size(record.mac.size(), full)) return result(Rcode::formerr, TsigError::none, nullptr);
  const Octets expected = expected_mac(*key, prior, message, tsig);
  if (CRYPTO_memcmp(expected.data(), record.mac.data(), record.mac.size()) != 0) {
    return result(Rcode::notauth, TsigError::badsig, nullptr);
  }
  if (!is_in_time(record, now)) return result(Rcode::notauth, TsigError::badtime, key);
  if (record.mac.size() < full) return result(Rcode::notauth, TsigError::badtrunc, key);
  return result(Rcode::noerror, TsigError::none, key);
}

}  // namespace

std::string to_text(TsigError error) {
  switch (error) {
    case TsigError::none:
      return "NOERROR";
    case TsigError::badsig:
      return "BADSIG";
    case TsigError::badkey:
      return "BADKEY";
    case TsigError::badtime:
      return "BADTIME";
    case TsigError::badtrunc:
      return "BADTRUNC";
  }
  return "TSIG error " + std::to_string(static_cast<uint16_t>(error));
}

TsigTime tsig_now() { return static_cast<TsigTime>(unix_time()); }

TsigCheck check_request(Bytes message, const KeyRing& ring, TsigTime now) {
  const auto tsig = find_tsig(message);
  return tsig ? check(message, *tsig, ring.find(tsig->record.key), {}, now) : TsigCheck{};
}

TsigCheck check_response(Bytes message, const TsigKeyRef& key, Bytes request_mac, TsigTime now) {
  const auto tsig = find_tsig(message);
  if (!tsig) return {};
  return check(message, *tsig, tsig->record.key == key->name() ? key : nullptr, request_mac, now);
}

// ---- TsigSigner ----

TsigSigner::TsigSigner(const TsigCheck& check) : key_(check.key), record_(check.record), next_(Next::first_answer) {
  record_.error = check.error;
  // RFC 8945 §5.2.3: the server's time is in Other Data.
  record_.other.assign(check.error == TsigError::badtime ? kTimeSize : 0, 0);
  if (!key_) record_.mac.clear();  // RFC 8945 §5.3.2: answers with BADKEY or BADSIG are unsigned
}

TsigSigner::TsigSigner(TsigKeyRef key) : key_(std::move(key)), next_(Next::request) {
  record_.key = key_->name();
  record_.algorithm = Name(wire_name(key_->algorithm()));
}

unsigned TsigSigner::max_size() const {
  const size_t mac = key_ ? mac_size(key_->algorithm()) : 0;
  const size_t rdata = rdata_size(record_.algorithm, mac, record_.other.size());
  return static_cast<unsigned>(record_.key.view().size() + kRrFixed + rdata);
}

// An answer with BADTIME repeats the times of the request, so that the client finds the answer in time (RFC 8945
// §5.2.3). An unsigned record only repeats them, too. All other records have our time, which does not run backwards
// during a transfer (§5.3.1).
void TsigSigner::set_times(TsigTime now) {
  if (record_.error == TsigError::badtime) {
    store16(record_.other.data(), static_cast<uint16_t>(now >> 32));
    store32(&record_.other[2], static_cast<uint32_t>(now));
  } else if (key_) {
    record_.time_signed = next_ == Next::later_answer ? std::max(now, record_.time_signed) : now;
    record_.fudge = kFudge;
  }
}

std::string TsigSigner::sign(std::span<const Bytes> pieces, TsigTime now) {
  set_times(now);
  if (next_ == Next::request) record_.original_id = load16(pieces.front().data());
  if (key_) {
    const Covered covered = next_ == Next::later_answer ? Covered::timers : Covered::variables;
    hmac_ ? hmac_->restart() : static_cast<void>(hmac_.emplace(key_->hmac()));
    record_.mac = mac_of(*hmac_, record_.mac, pieces, record_, covered);
  }
  next_ = Next::later_answer;
  return encode(record_);
}

unsigned TsigSigner::append(uint8_t* message, unsigned size, unsigned capacity, TsigTime now) {
  if (size + max_size() > capacity) return size;
  const Bytes whole(message, size);
  const std::string record = sign({&whole, 1}, now);
  std::copy(record.begin(), record.end(), message + size);
  count_tsig(message);
  return size + static_cast<unsigned>(record.size());
}

void count_tsig(uint8_t* header) { store16(header + kArcountAt, load16(header + kArcountAt) + 1U); }

}  // namespace axfrd::control

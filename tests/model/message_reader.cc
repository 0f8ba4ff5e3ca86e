#include "tests/model/message_reader.h"

#include <utility>

namespace axfrd::model {
namespace {

constexpr unsigned kSoaType = 6, kDnameType = 39, kOptType = 41, kTsigType = 250, kClassIn = 1, kClassAny = 255;
constexpr size_t kHeader = 12, kSoaNumbers = 20;

class MessageReader {
 public:
  explicit MessageReader(std::string_view octets) : octets_(octets), starts_(octets.size()) {}

  ReadMessage read() {
    ReadMessage m;
    m.size = octets_.size();
    m.id = u16();
    m.flags = u16();
    m.questions = u16();
    const unsigned answers = u16(), authorities = u16(), additionals = u16();
    if (m.questions > 1) fail("more than one question");
    if (m.questions == 1) read_question(m);
    for (unsigned i = 0; i < answers; ++i) m.answer.push_back(record());
    for (unsigned i = 0; i < authorities; ++i) m.authority.push_back(record());
    for (unsigned i = 0; i < additionals; ++i) read_additional(m, i + 1 == additionals);
    if (at_ != octets_.size()) fail("octets behind the last record");
    return m;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw MalformedMessage(what + " at offset " + std::to_string(at_) + " of " + std::to_string(octets_.size()));
  }
  uint8_t octet(size_t at) const {
    if (at >= octets_.size()) fail("the message is cut short");
    return static_cast<uint8_t>(octets_[at]);
  }
  unsigned u16() {
    const unsigned high = octet(at_), low = octet(at_ + 1);
    at_ += 2;
    return high << 8 | low;
  }
  uint32_t u32() {
    const uint32_t high = u16();
    return high << 16 | u16();
  }
  std::string take(size_t size) {
    if (size > octets_.size() - at_) fail("data is cut short");
    const std::string_view taken = octets_.substr(at_, size);
    at_ += size;
    return std::string(taken);
  }

  // The name at at_, which ends before `end`.
  WireName name(size_t end) {
    WireName out;
    size_t from = at_;
    std::optional<size_t> behind;  // the first pointer
    std::vector<size_t> seen;
    for (;;) {
      if (!behind && from >= end) fail("a name runs out of its field");
      const unsigned length = octet(from);
      if (length >= 0xC0) {  // RFC 1035 §4.1.4
        const size_t target = (length & 0x3FU) << 8 | octet(from + 1);
        if (!behind) behind = from + 2;
        if (target >= at_) fail("a pointer to " + std::to_string(target) + ", which is not before the name");
        if (!starts_[target]) fail("a pointer to " + std::to_string(target) + ", where no label begins");
        from = target;
        continue;
      }
      if (length > 63) fail("a label of an unknown type");
      if (!behind) seen.push_back(from);
      out += static_cast<char>(length);
      for (unsigned i = 1; i <= length; ++i) out += static_cast<char>(octet(from + i));
      from += 1 + length;
      if (out.size() > 255) fail("a name of more than 255 octets");
      if (length == 0) break;
    }
    const size_t name_end = behind.value_or(from);
    if (name_end > end) fail("a name runs out of its field");
    for (const size_t start : seen) starts_[start] = true;
    at_ = name_end;
    return out;
  }

  void read_question(ReadMessage& m) {
    const size_t begin = at_;
    m.qname = name(octets_.size());
    m.qtype = u16();
    m.qclass = u16();
    m.question = octets_.substr(begin, at_ - begin);
    if (m.question.substr(0, m.qname.size()) != m.qname) fail("a question with a pointer");
  }

  struct Head {
    WireName owner;
    unsigned type, rrclass;
    uint32_t ttl;
    size_t end;  // of the data
  };
  Head head() {
    Head h;
    h.owner = name(octets_.size());
    h.type = u16();
    h.rrclass = u16();
    h.ttl = u32();
    const unsigned size = u16();
    h.end = at_ + size;
    if (h.end > octets_.size()) fail("data is cut short");
    return h;
  }

  WireRecord record() { return record(head()); }
  WireRecord record(const Head& h) {
    if (h.rrclass != kClassIn) fail("a record that is not of class IN");
    if (h.type == kOptType || h.type == kTsigType) fail("OPT or TSIG outside the additional section");
    WireRecord r{h.owner, static_cast<uint16_t>(h.type), h.ttl, {}};
    const auto [prefix, names] = compressed_names(r.type);
    if (prefix > h.end - at_) fail("data too short for its type");
    r.rdata = take(prefix);
    for (unsigned i = 0; i < names; ++i) r.rdata += name(h.end);
    if (names > 0 && h.end - at_ != (r.type == kSoaType ? kSoaNumbers : 0)) fail("data of a wrong length");
    // The CNAME that is made of a DNAME points into that one's data, where a name must not be compressed (RFC 6672
    // §2.5).
    if (r.type == kDnameType && read_uncompressed(h.end) != h.end) fail("a DNAME of a wrong length");
    r.rdata += take(h.end - at_);
    return r;
  }

  // Notes where the labels of the name at at_ begin. Returns where it ends.
  size_t read_uncompressed(size_t end) {
    const size_t begin = at_;
    const size_t size = name(end).size();
    if (at_ - begin != size) fail("a compressed name where none may be");
    return std::exchange(at_, begin);
  }

  void read_additional(ReadMessage& m, bool last) {
    const size_t begin = at_;
    const Head h = head();
    if (h.type == kOptType) {
      if (m.opt) fail("a second OPT");
      if (h.owner != std::string(1, '\0')) fail("an OPT that the root does not own");
      m.opt = ReadOpt{h.rrclass, h.ttl >> 24, h.ttl >> 16 & 0xFF, h.ttl & 0xFFFF, take(h.end - at_)};
    } else if (h.type == kTsigType) {
      if (!last) fail("a TSIG that is not the last record");
      read_tsig(m, h, begin);
    } else {
      m.additional.push_back(record(h));
    }
  }

  void read_tsig(ReadMessage& m, const Head& h, size_t begin) {
    if (h.rrclass != kClassAny || h.ttl != 0) fail("a TSIG with a class or TTL of its own");
    ReadTsig t;
    t.at = begin;
    t.key = h.owner;
    const size_t algorithm_at = at_;
    t.algorithm = name(h.end);
    if (at_ - algorithm_at != t.algorithm.size()) fail("a compressed name in a TSIG");
    t.time_signed = static_cast<uint64_t>(u16()) << 32;
    t.time_signed |= u32();
    t.fudge = u16();
    t.mac = take(u16());
    t.original_id = u16();
    t.error = u16();
    t.other = take(u16());
    if (at_ != h.end) fail("a TSIG of a wrong length");
    m.tsig = t;
  }

  const std::string_view octets_;
  std::vector<bool> starts_;  // where a label of a name begins, or its root
  size_t at_ = 0;
};

}  // namespace

// Of RFC 1035 §3.3: NS, MD, MF, CNAME, SOA, MB, MG, MR, PTR, MINFO, MX.
CompressedNames compressed_names(uint16_t type) {
  if ((type >= 2 && type <= 5) || (type >= 7 && type <= 9) || type == 12) return {0, 1};
  if (type == kSoaType || type == 14) return {0, 2};
  if (type == 15) return {2, 1};
  return {0, 0};
}

ReadMessage read_message(std::string_view octets) {
  if (octets.size() < kHeader) throw MalformedMessage("a message without a header");
  return MessageReader(octets).read();
}

std::vector<std::string_view> messages_of_stream(std::string_view stream) {
  std::vector<std::string_view> messages;
  while (!stream.empty()) {
    if (stream.size() < 2) throw MalformedMessage("the stream ends within a length");
    const size_t size = static_cast<size_t>(static_cast<uint8_t>(stream[0])) << 8 | static_cast<uint8_t>(stream[1]);
    if (stream.size() < 2 + size) throw MalformedMessage("the stream ends within a message");
    messages.push_back(stream.substr(2, size));
    stream.remove_prefix(2 + size);
  }
  return messages;
}

}  // namespace axfrd::model

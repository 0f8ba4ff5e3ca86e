#include "zones/answer/delegation.h"

#include <algorithm>
#include <optional>

#include "zones/wire/record_walk.h"

namespace axfrd::zones {
namespace {

constexpr const char* kMalformed = "its answer is malformed";

Delegation problem(const char* why, Rcode rcode = Rcode::noerror) { return {why, rcode, {}, 0, false}; }

// One response, section by section.
class DelegationReader {
 public:
  DelegationReader(Bytes message, NameView zone, unsigned records_at)
      : message_(message),
        zone_(zone),
        record_(message.data(), static_cast<unsigned>(message.size()), records_at),
        authoritative_((load16(&message[2]) & flag::AA) != 0) {}

  // False: malformed.
  bool read() {
    for (unsigned left = load16(&message_[6]); left > 0; --left) {
      if (!read_record(true)) return false;
    }
    for (unsigned left = load16(&message_[8]); left > 0; --left) {
      if (!read_record(false)) return false;
    }
    return true;
  }

  Delegation result() && {
    if (!found_.servers.empty()) {
      found_.cached = !in_referral_ && !authoritative_;
      return std::move(found_);
    }
    if (!authoritative_) return problem(refers_ ? "it refers to other servers" : "it has no authority");
    // An alias at the name comes with the NS records of the parent.
    if (refers_ && !has_answer_) return problem("it refers to other servers");
    if (has_zone_) return problem("it has the zone without NS records");
    return {};
  }

 private:
  bool read_record(bool answer) {
    if (!record_.next()) return false;
    size_t owner_at = record_.owner_at();
    const auto owner = Name::read(message_, owner_at);
    if (!owner) return false;
    if (record_.rr_class() != rrclass::IN) return true;
    const bool of_zone = owner->view().equals(zone_);
    has_answer_ = has_answer_ || answer;
    if (record_.type() == rrtype::SOA) has_zone_ = has_zone_ || of_zone;
    if (record_.type() != rrtype::NS) return true;
    if (!of_zone) {
      refers_ = refers_ || !answer;
      return true;
    }
    in_referral_ = in_referral_ || !answer;
    return enter_server();
  }
  bool enter_server() {
    size_t at = record_.end() - record_.rdata().size();
    auto server = Name::read(message_.first(record_.end()), at);
    if (!server || at != record_.end()) return false;
    if (std::ranges::find(found_.servers, *server) == found_.servers.end())
      found_.servers.push_back(*std::move(server));
    found_.ttl = std::max(found_.ttl, record_.ttl());
    return true;
  }

  const Bytes message_;
  const NameView zone_;
  RecordWalk record_;
  const bool authoritative_;
  bool has_answer_ = false;   // whatever it is
  bool in_referral_ = false;  // the NS records of the zone stand in the authority section
  bool refers_ = false;       // those of another zone do
  bool has_zone_ = false;     // the SOA is that of the zone itself
  Delegation found_;
};

}  // namespace

Delegation read_delegation(Bytes message, NameView zone) {
  if (message.size() < kHeaderSize || message.size() > kMaxMessage) return problem(kMalformed);
  const uint16_t flags = load16(&message[2]);
  if ((flags & flag::QR) == 0 || load16(&message[4]) != 1) return problem(kMalformed);
  const auto asked = NameView::read(message, kHeaderSize);
  if (!asked || kHeaderSize + asked->size() + 4 > message.size() || !asked->equals(zone)) return problem(kMalformed);
  const auto rcode = static_cast<Rcode>(flags & 0xF);
  if (rcode != Rcode::noerror && rcode != Rcode::nxdomain) return problem("it refuses", rcode);
  if ((flags & flag::TC) != 0) return problem("its answer is cut short");
  DelegationReader reader(message, zone, kHeaderSize + asked->size() + 4);
  return reader.read() ? std::move(reader).result() : problem(kMalformed);
}

}  // namespace axfrd::zones

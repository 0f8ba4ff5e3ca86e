#include "zones/answer/notify.h"

#include <array>

#include "zones/wire/record_walk.h"

namespace axfrd::zones {
namespace {

std::string make_request(uint16_t id, uint16_t flags, uint16_t answers, NameView name, uint16_t type) {
  std::string message(kHeaderSize, '\0');
  auto* header = reinterpret_cast<uint8_t*>(message.data());
  store16(header, id);
  store16(header + 2, flags);
  store16(header + 4, 1);
  store16(header + 6, answers);
  message.append(text_of(name.bytes()));
  std::array<uint8_t, 4> question;
  store16(question.data(), type);
  store16(question.data() + 2, rrclass::IN);
  return message.append(text_of(question));
}

}  // namespace

std::string make_notify(uint16_t id, const ZoneVersion& version) {
  constexpr uint16_t kFlags = static_cast<uint16_t>(Opcode::notify) << flag::OPCODE_SHIFT | flag::AA;
  std::string message = make_request(id, kFlags, 1, version.apex().name, rrtype::SOA);
  append_record(message, version.soa_record().view());
  return message;
}

std::string make_soa_query(uint16_t id, NameView apex) { return make_query(id, apex, rrtype::SOA); }

std::string make_query(uint16_t id, NameView name, uint16_t type) { return make_request(id, 0, 0, name, type); }

std::optional<SecondaryResponse> read_response(Bytes message) {
  if (message.size() < kHeaderSize || message.size() > kMaxMessage) return std::nullopt;
  const uint16_t flags = load16(&message[2]);
  if ((flags & flag::QR) == 0 || load16(&message[4]) != 1) return std::nullopt;
  const auto name = NameView::read(message, kHeaderSize);
  if (!name || kHeaderSize + name->size() + 4 > message.size()) return std::nullopt;
  SecondaryResponse response{load16(message.data()),
                             static_cast<Opcode>((flags & flag::OPCODE_MASK) >> flag::OPCODE_SHIFT),
                             static_cast<Rcode>(flags & 0xF), (flags & flag::AA) != 0, std::nullopt};
  RecordWalk record(message.data(), static_cast<unsigned>(message.size()), kHeaderSize + name->size() + 4);
  for (unsigned left = load16(&message[6]); left > 0 && !response.serial; --left) {
    if (!record.next()) return std::nullopt;
    size_t owner_at = record.owner_at();
    const auto owner = Name::read(message, owner_at);
    if (!owner) return std::nullopt;
    if (owner->view().equals(*name) && record.rr_class() == rrclass::IN)
      response.serial = serial_in(record.type(), record.rdata());
  }
  return response;
}

bool is_about(Bytes message, NameView apex) {
  const auto name = NameView::read(message, kHeaderSize);
  const uint8_t* type = message.data() + kHeaderSize + name->size();
  return name->equals(apex) && load16(type) == rrtype::SOA && load16(type + 2) == rrclass::IN;
}

}  // namespace axfrd::zones

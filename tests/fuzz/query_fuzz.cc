// Requests: the octets of a DNS message to a response, a transfer or a refusal.
//
// Input: an octet that says how it came, two of room behind the message, the message.
#include <algorithm>

#include "tests/fuzz/fuzz.h"
#include "zones/answer/ixfr.h"
#include "zones/answer/transfer.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::array<uint8_t, 4> kClient{192, 0, 2, 1};

// A request in a buffer of just its capacity.
struct Asked {
  Asked(Bytes message, size_t capacity, Transport transport) : buffer(capacity) {
    std::ranges::copy(message, buffer.begin());
    query.message = buffer.data();
    query.size = static_cast<unsigned>(message.size());
    query.capacity = static_cast<unsigned>(capacity);
    query.transport = transport;
    query.client = kClient;
    query.now = 1'700'000'000;
    disposition = query.parse();
  }
  std::vector<uint8_t> buffer;
  Query query;
  Disposition disposition;
};

void drain(Transfer transfer) {
  while (!transfer.done()) {
    const Transfer::Message message = transfer.next();
    fuzz::require(message.size() <= 2 + kMaxMessage, "a message of a transfer is no larger than TCP can say");
    fuzz::require(load16(message.prefix.data()) == message.size() - 2, "a message of a transfer says its size");
  }
}

void transfer(Asked& request) {
  const VersionRef version = fuzz::large_zone();
  const std::string opt = fuzz::responder().opt(request.query, *version);
  drain(Transfer(version, request.query, opt));
  const auto serial = ixfr_serial(request.query);
  const auto difference = serial ? make_difference(*version, *serial) : nullptr;
  if (difference) drain(Transfer(version, difference, request.query, opt));
}

void answer(Asked& request, Asked& twin, Bytes message) {
  const Responder& responder = fuzz::responder();
  const unsigned size = responder.respond(request.query);
  fuzz::check_response(request.query, message, {request.buffer.data(), size});
  responder.prepare([&](auto&& step) { step(twin.query); });
  fuzz::require(responder.write(twin.query) == size, "a burst is answered as a single query is");
  fuzz::require(std::equal(request.buffer.begin(), request.buffer.begin() + size, twin.buffer.begin()),
                "a burst is answered as a single query is");
  const unsigned slipped = responder.slip(request.query, size);
  fuzz::require(slipped <= size, "a slip is no larger than the answer");
  fuzz::check_response(request.query, message, {request.buffer.data(), slipped});
}

void refuse(Asked& request, Bytes message) {
  const unsigned size = fuzz::responder().refuse(request.query, Rcode::refused, Ede::prohibited, "not you");
  fuzz::check_response(request.query, message, {request.buffer.data(), size});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Transport transport = (input.octet() & 1) != 0 ? Transport::tcp : Transport::udp;
  const size_t room = input.number();
  const Bytes message = input.rest();
  if (message.size() > kMaxMessage) return 0;
  const size_t capacity = std::min<size_t>(message.size() + room, kMaxMessage);
  Asked request(message, capacity, transport);
  switch (request.disposition) {
    case Disposition::answer: {
      Asked twin(message, capacity, transport);
      answer(request, twin, message);
      break;
    }
    case Disposition::transfer:
      transfer(request);
      refuse(request, message);
      break;
    case Disposition::privileged:
      refuse(request, message);
      break;
    case Disposition::drop:
      break;
  }
  return 0;
}

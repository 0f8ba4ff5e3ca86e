// TSIG: what anybody sends, and what somebody in between did to a message that we signed. Input: the message.
#include "control/access/tsig.h"

#include "tests/fuzz/fuzz.h"

using namespace axfrd;           // NOLINT(google-build-using-namespace)
using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

namespace {

constexpr TsigTime kNow = 1'700'000'000;
constexpr unsigned kRoom = 1024;

TsigKeyRef make_key(const char* name, TsigAlgorithm algorithm) {
  return std::make_shared<TsigKey>(*zones::Name::from_text(name), algorithm, Secret(Octets(32, 7)), Md5::allowed);
}

const TsigKeyRef& key() {
  static const TsigKeyRef key = make_key("key", TsigAlgorithm::hmac_sha256);
  return key;
}

const KeyRing& ring() {
  static const KeyRing ring({key(), make_key("old.key", TsigAlgorithm::hmac_md5)});
  return ring;
}

void check_as_received(zones::Bytes message) {
  const TsigCheck check = check_request(message, ring(), kNow);
  (void)to_text(check.error);
  (void)check_response(message, key(), {}, kNow);
  if (check.rcode == zones::Rcode::formerr) return;
  fuzz::require(check.authentic() == (check.error == TsigError::none), "what is not authentic says why");
  std::vector<uint8_t> answer(zones::kHeaderSize);
  answer.resize(kRoom);
  TsigSigner signer(check);
  const unsigned room = signer.max_size();
  const unsigned size = signer.append(answer.data(), zones::kHeaderSize, kRoom, kNow);
  fuzz::require(size > zones::kHeaderSize && size <= zones::kHeaderSize + room, "a record is as long as was said");
}

// One bit of a signed message, its ID aside, makes it another message.
void check_signed(zones::Bytes message) {
  if (message.size() < zones::kHeaderSize || message.size() > zones::kMaxMessage) return;
  std::vector<uint8_t> copy(message.begin(), message.end());
  copy.resize(message.size() + kRoom);
  TsigSigner signer(key());
  const auto size = static_cast<unsigned>(message.size());
  copy.resize(signer.append(copy.data(), size, static_cast<unsigned>(copy.size()), kNow));
  if (!check_request(copy, ring(), kNow).authentic()) return;  // the message was malformed before
  const size_t bit = zones::load16(message.data()) % ((message.size() - 2) * 8);
  copy[2 + bit / 8] = static_cast<uint8_t>(copy[2 + bit / 8] ^ (1U << bit % 8));
  fuzz::require(!check_request(copy, ring(), kNow).authentic(), "a changed message is not authentic");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check_as_received({data, size});
  check_signed({data, size});
  return 0;
}

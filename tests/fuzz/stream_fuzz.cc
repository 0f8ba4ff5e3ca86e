// DNS over TCP: what a client sends, however it is cut, to what the client gets.
//
// Input: an octet that says whether the client reads while it writes, one of how many pieces come before the last, one
// each of their sizes, the stream.
#include <algorithm>
#include <set>

#include "tests/control/session_rig.h"
#include "tests/fuzz/fuzz.h"

using namespace axfrd;           // NOLINT(google-build-using-namespace)
using namespace axfrd::control;  // NOLINT(google-build-using-namespace)
using control::test::SessionClient;

namespace {

using zones::Bytes;

control::test::SessionRig& rig() {
  static control::test::SessionRig instance(fuzz::responder());
  return instance;
}

// The header and the size of each message: all that does not depend on the time.
std::multiset<std::string> messages_of(const std::string& stream) {
  std::multiset<std::string> messages;
  for (Bytes rest = zones::bytes_of(stream); !rest.empty();) {
    fuzz::require(rest.size() >= 2, "a length is sent whole");
    const size_t size = zones::load16(rest.data());
    fuzz::require(rest.size() >= 2 + size, "a message is sent whole");
    fuzz::require(size >= zones::kHeaderSize, "a message has a header");
    messages.emplace(zones::text_of(rest.first(2 + zones::kHeaderSize)));
    rest = rest.subspan(2 + size);
  }
  return messages;
}

std::multiset<std::string> ask_at_once(Bytes stream) {
  SessionClient client(rig());
  client.send(stream);
  return messages_of(client.finish());
}

std::multiset<std::string> ask_in_pieces(Bytes sizes, Bytes stream, bool reads) {
  SessionClient client(rig());
  for (const uint8_t size : sizes) {
    const Bytes piece = stream.first(std::min<size_t>(size, stream.size()));
    stream = stream.subspan(piece.size());
    client.send(piece);
    while (reads && client.receive()) continue;
  }
  client.send(stream);
  return messages_of(client.finish());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const bool reads = (input.octet() & 1) != 0;
  const Bytes sizes = input.take(input.octet() & 0x1F);
  const Bytes stream = input.rest();
  fuzz::require(ask_at_once(stream) == ask_in_pieces(sizes, stream, reads),
                "a stream is answered the same, however it is cut");
  return 0;
}

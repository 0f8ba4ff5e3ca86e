// DNS UPDATE: a message to edits, and their meaning for a zone. Input: the message.
#include "tests/fuzz/fuzz.h"
#include "zones/answer/dns_update.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kMaxMessage) return 0;
  std::vector<uint8_t> message(data, data + size);
  Query query;
  query.message = message.data();
  query.size = query.capacity = static_cast<unsigned>(size);
  query.transport = Transport::tcp;
  if (query.parse() != Disposition::privileged || query.opcode != Opcode::update) return 0;
  const auto read = read_update(query);
  const auto* request = std::get_if<UpdateRequest>(&read);
  if (request == nullptr) return 0;
  const VersionRef before = fuzz::small_zone();
  Draft draft(before);
  (void)check_prerequisites(*request, draft);
  if (make_update(*request, draft)) return 0;
  if (const VersionRef after = fuzz::commit(*before, draft)) fuzz::check_lines(*after);
  return 0;
}

// Request: a DNS request of ours, signed or not, with the data to verify its response.
//
// Threads. No shared state.
#pragma once

#include <string>
#include <utility>

#include "control/access/tsig.h"

namespace axfrd::control::dnsclient {

struct Request {
  std::string message;
  TsigKeyRef key;  // null: the request is not signed
  Octets mac;      // of the signature

  // Signs `message` with `key`, if there is one.
  static Request make(std::string message, TsigKeyRef key) {
    Request request{std::move(message), std::move(key), {}};
    if (!request.key) return request;
    TsigSigner signer(request.key);
    const auto size = static_cast<unsigned>(request.message.size());
    const unsigned room = size + signer.max_size();
    request.message.resize(room);
    auto* const octets = reinterpret_cast<uint8_t*>(request.message.data());
    request.message.resize(signer.append(octets, size, room, tsig_now()));
    request.mac = signer.mac();
    return request;
  }

  // Verifies a response. It may be used only if the result is authentic (RFC 8945 §5.3). @pre the request is signed
  TsigCheck check(zones::Bytes response) const { return check_response(response, key, mac, tsig_now()); }
};

}  // namespace axfrd::control::dnsclient

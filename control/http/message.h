// Requests and responses of HTTP, as the routes see them: no stream, no parser.
//
// Threads. Values.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/base/address.h"
#include "control/command/rpc.h"

namespace axfrd::control {

struct HttpRequest {
  std::string method;  // as it was sent: "GET"
  std::string target;  // likewise: "/api/v1/servers?x=y"
  std::map<std::string, std::string, std::less<>> fields =
      {};  // of the header, by name in lower case; the first of each
  std::string body = {};
  std::optional<IpAddress> client = {};  // none: of a Unix socket
  bool is_secure = false;                // it came by TLS

  // Empty if it is not there.
  std::string_view field(std::string_view name) const {
    const auto found = fields.find(name);
    return found != fields.end() ? std::string_view(found->second) : std::string_view();
  }
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = {};  // empty: no body
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> fields =
      {};                  // of the header, besides those that follow from the rest
  JsonStream stream = {};  // of the body, if it is there, in place of `body`; any text, not only JSON
};

// Takes a response, once, at once or later, in the loop's thread.
using HttpRespond = std::function<void(HttpResponse)>;

inline constexpr const char* kPlainText = "text/plain; charset=utf-8";
inline constexpr const char* kJsonType = "application/json";  // as go-powerdns compares it

inline HttpResponse text_response(unsigned status, std::string text) { return {status, kPlainText, std::move(text)}; }
inline HttpResponse json_response(unsigned status, const Json& value) { return {status, kJsonType, dump(value)}; }

// The IPv4 address or the IPv6 /64 of a client, for counting; empty: the Unix socket.
inline std::string network_text(const std::optional<IpAddress>& client) {
  return client ? client_network(*client).to_string() : std::string();
}

// "Not Found".
const char* reason_of_status(unsigned status);

}  // namespace axfrd::control

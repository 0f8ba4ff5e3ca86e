#include "control/http/console_pack.h"

#include <libdeflate.h>

#include <memory>
#include <stdexcept>
#include <utility>

// The pack. ld derives these names from the file that it links in as data.
extern "C" const char _binary_control_console_pack_start[], _binary_control_console_pack_end[];

namespace axfrd::control {

namespace {

// Nothing is loaded but our own files, no script stands in a page, and no page of others shows ours in a frame.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string whole_of(std::string_view compressed, size_t size) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  std::string whole(size, '\0');
  const auto result = libdeflate_gzip_decompress(decompressor.get(), compressed.data(), compressed.size(), whole.data(),
                                                 whole.size(), nullptr);
  if (result != LIBDEFLATE_SUCCESS) throw std::runtime_error("a file of the console is damaged");
  return whole;
}

}  // namespace

const ConsolePack& ConsolePack::built_in() {
  static const ConsolePack kPack({_binary_control_console_pack_start, _binary_control_console_pack_end});
  return kPack;
}

ConsolePack::ConsolePack(std::string_view octets) {
  if (octets.empty()) return;
  const size_t end = octets.find('\n');
  const Json list = end != std::string_view::npos ? Json::parse(octets.substr(0, end), nullptr, false) : Json();
  if (!list.is_array()) throw std::runtime_error("the files of the console are no pack");
  octets.remove_prefix(end + 1);
  for (const Json& file : list) {
    const size_t size = file["size"].get<size_t>();
    if (size > octets.size()) throw std::runtime_error("the pack of the console ends too early");
    files_.emplace(file["path"].get<std::string>(),
                   File{file["type"].get<std::string>(), "\"" + file["hash"].get<std::string>() + "\"",
                        file["immutable"].get<bool>(), file["whole"].get<size_t>(), octets.substr(0, size)});
    octets.remove_prefix(size);
  }
}

HttpResponse ConsolePack::response(const HttpRequest& request, std::string_view path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return text_response(404, "Not Found");
  const File& file = found->second;
  HttpResponse response{200, file.type};
  response.fields = {{"Content-Security-Policy", kPolicy},
                     {"X-Frame-Options", "DENY"},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Cross-Origin-Resource-Policy", "same-origin"},
                     {"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
                     {"ETag", file.tag},
                     {"Vary", "Accept-Encoding"}};
  if (request.field("if-none-match") == file.tag) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  if (request.field("accept-encoding").find("gzip") == std::string_view::npos) {
    response.body = whole_of(file.compressed, file.whole);
  } else {
    response.fields.emplace_back("Content-Encoding", "gzip");
    response.body = file.compressed;
  }
  return response;
}

}  // namespace axfrd::control

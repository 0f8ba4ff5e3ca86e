// ConsolePack: the files of the console, which are linked into axfrd, so that it needs none at run time.
//
//   [{"path", "type", "immutable", "size", "whole", "hash"}…] newline, then each file's octets, compressed by gzip
//
// control/console/ is what they are made of, and what makes the pack. A build without npm has an empty one.
//
// Threads. Immutable; any.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "control/http/message.h"

namespace axfrd::control {

class ConsolePack {
 public:
  // That of this program. Throws std::runtime_error if it is not a pack.
  static const ConsolePack& built_in();
  // `octets` outlive it.
  explicit ConsolePack(std::string_view octets);

  bool empty() const { return files_.empty(); }
  // The file at that path of the request, as its client takes it; 404 if there is none. @pre GET or HEAD
  HttpResponse response(const HttpRequest& request, std::string_view path) const;

 private:
  struct File {
    std::string type, tag;
    bool immutable;
    size_t whole;
    std::string_view compressed;
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace axfrd::control

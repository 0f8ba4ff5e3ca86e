// StandardInput: lines of standard input, and whether there is one without waiting for it.
//
// Whatever of axfrctl reads lines (a batch, a secret, names of zones, the answer to a question) reads them here, so
// that none reads what belongs to another.
#pragma once

#include <optional>
#include <string>

namespace axfrd::control {

class StandardInput {
 public:
  static StandardInput& get();

  // Whether the next line, or the end, is there. Reads what has come, and waits for nothing.
  bool has_line();
  // Without its newline; none at the end.
  std::optional<std::string> line();

 private:
  bool is_whole() const { return ended_ || text_.find('\n', begin_) != std::string::npos; }
  void read();

  std::string text_;
  size_t begin_ = 0;  // of the next line in it
  bool ended_ = false;
};

}  // namespace axfrd::control

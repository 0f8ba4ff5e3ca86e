// EntryReader: the text of a zone file, entry by entry (RFC 1035 §5.1).
//
// It knows lines, comments, parentheses and quotation marks, and nothing of records, so that who looks for $INCLUDE
// sees the same entries as the parser.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zones/text/tokens.h"

namespace axfrd::zones {

// One entry: a line, or several joined by parentheses, without comments and parentheses.
struct Entry {
  uint32_t line = 0;  // where it begins
  std::string text;
};

// Why `text` is not read at all; nothing if it may be. Windows editors write UTF-16, and old Macs end lines in CR.
inline std::optional<std::string> encoding_problem(std::string_view text) {
  using namespace std::string_view_literals;
  const auto nul_at = [&](size_t i) { return i < text.size() && text[i] == '\0'; };
  if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv) || text.starts_with("\0\0\xFE\xFF"sv) ||
      (text.size() >= 4 && (nul_at(0) != nul_at(1)) && nul_at(0) == nul_at(2) && nul_at(1) == nul_at(3))) {
    return "the file is UTF-16 or UTF-32; save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8";
  }
  if (text.find('\r') != std::string_view::npos && text.find('\n') == std::string_view::npos &&
      text.find_last_not_of("\r\n") > text.find('\r')) {
    return "the lines end in CR alone; save the file with LF or CR LF, or convert it: tr '\\r' '\\n'";
  }
  return std::nullopt;
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class EntryReader {
 public:
  // `text` must outlive the reader.
  explicit EntryReader(std::string_view text) : text_(text) {}

  // False at the end of the text, or when it is malformed: then problem() says why and line() where.
  bool next(Entry& entry) {
    for (;;) {
      if (at_ == text_.size()) return false;
      entry.line = line_;
      entry.text.clear();
      if (!read_entry(entry)) return false;
      if (!std::ranges::all_of(entry.text, is_blank)) return true;
    }
  }
  const char* problem() const { return problem_; }
  // The line that is read next; where the problem is, if there is one.
  uint32_t line() const { return line_; }

 private:
  bool read_entry(Entry& entry) {
    unsigned depth = 0;
    const uint32_t opened = line_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      switch (c) {
        case '\n':
          ++line_;
          if (depth == 0) return true;
          entry.text += ' ';
          break;
        case '\r':
          if (is_lone_return()) return fail_return();
          entry.text += ' ';
          break;
        case ';':
          if (!skip_comment()) return false;
          break;
        case '(':
          ++depth;
          entry.text += ' ';
          break;
        case ')':
          if (depth-- == 0) return fail("a closing parenthesis without an opening one");
          entry.text += ' ';
          break;
        case '"':
          entry.text += c;
          if (!read_quoted(entry)) return false;
          break;
        case '\\':
          entry.text += c;
          if (at_ < text_.size() && text_[at_] != '\n') entry.text += text_[at_++];
          break;
        case '\0':
          return fail("an octet 0; write \\000");
        default:
          entry.text += c;
      }
    }
    if (depth == 0) return true;
    line_ = opened;
    return fail("an opening parenthesis is never closed");
  }

  bool read_quoted(Entry& entry) {
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\0') {
      const char c = text_[at_++];
      entry.text += c;
      if (c == '"') return true;
      if (c == '\\' && at_ < text_.size() && text_[at_] != '\n') entry.text += text_[at_++];
    }
    return fail("a quotation mark is never closed");
  }

  bool skip_comment() {
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (text_[at_++] == '\r' && is_lone_return()) return fail_return();
    }
    return true;
  }

  // Whether the CR before at_ ends no line that ends in LF as well. What stands behind it would be taken for a part of
  // the line, or of a comment.
  bool is_lone_return() const {
    const size_t next = text_.find_first_not_of('\r', at_);
    return next != std::string_view::npos && text_[next] != '\n';
  }
  bool fail_return() { return fail("a CR within the line; end lines in LF or CR LF, and write \\013 for a CR"); }

  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  const char* problem_ = nullptr;
};

}  // namespace axfrd::zones

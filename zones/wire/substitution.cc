#include "zones/wire/substitution.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace axfrd::zones {
namespace {

using Reason = std::optional<std::string>;

// Reads a POSIX extended regular expression (IEEE Std 1003.1 §9.5) without running it: regcomp() of the C library takes
// what the standard leaves undefined, and may need memory beyond all bounds.
class Pattern {
 public:
  explicit Pattern(std::string_view text) : text_(text) {}

  // How many groups it has; nothing if it is malformed.
  std::optional<unsigned> groups() {
    while (at_ < text_.size()) {
      if (!step()) return std::nullopt;
    }
    if (text_.empty() || open_ != 0 || after_bar_) return std::nullopt;
    return groups_;
  }

 private:
  bool step() {
    const char c = text_[at_++];
    switch (c) {
      case '(':
        ++open_;
        ++groups_;
        begin_branch();
        return true;
      case ')':
        return close();
      case '|':
        if (empty_) return false;
        begin_branch();
        after_bar_ = true;
        return true;
      case '*':
      case '+':
      case '?':
        return repeat();
      case '{':  // without a number behind it, it stands for itself
        return begins_bound() ? bound() && repeat() : atom();
      case '[':
        return bracket() && atom();
      case '\\':
        return escape() && atom();
      case '^':  // an anchor cannot be repeated
      case '$':
        empty_ = after_bar_ = false;
        repeatable_ = false;
        return true;
      default:
        return atom();
    }
  }

  void begin_branch() {
    empty_ = true;
    repeatable_ = after_bar_ = false;
  }
  bool atom() {
    empty_ = after_bar_ = false;
    return repeatable_ = true;
  }
  bool close() {
    if (after_bar_) return false;
    if (open_ != 0) --open_;  // without an opening one, it stands for itself
    return atom();
  }
  bool repeat() {
    if (!repeatable_) return false;
    repeatable_ = false;
    return true;
  }

  // A digit refers to a group before it; any other character stands for itself.
  bool escape() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    if (c < '1' || c > '9') return true;
    return static_cast<unsigned>(c - '0') <= groups_;
  }

  bool begins_bound() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  std::optional<unsigned> number() {
    constexpr unsigned most = 255;  // RE_DUP_MAX
    unsigned value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{} || value > most) return std::nullopt;
    at_ += static_cast<size_t>(end - begin);
    return value;
  }
  bool takes(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // {LEAST}, {LEAST,} or {LEAST,MOST}
  bool bound() {
    const auto least = number();
    if (!least) return false;
    if (takes('}')) return true;
    if (!takes(',')) return false;
    if (takes('}')) return true;
    const auto most = number();
    return most && *most >= *least && takes('}');
  }

  // One element of a bracket expression: a character, also as [=c=] or [.c.]; or a class of them, as [:alpha:].
  struct Element {
    enum class Kind : uint8_t { character, opening, collating, equivalent, of_class };  // opening: [ for itself
    uint8_t character;
    Kind kind;
    bool is_class() const { return kind == Kind::of_class; }
  };
  std::optional<Element> element() {
    if (at_ == text_.size()) return std::nullopt;
    const char c = text_[at_++];
    if (c != '[' || at_ == text_.size() || std::string_view(":=.").find(text_[at_]) == std::string_view::npos)
      return Element{static_cast<uint8_t>(c), c == '[' ? Element::Kind::opening : Element::Kind::character};
    const char kind = text_[at_];
    const size_t begin = at_ + 1, stop = text_.find(std::string{kind, ']'}, begin);
    if (stop == std::string_view::npos || stop == begin) return std::nullopt;
    const std::string_view name = text_.substr(begin, stop - begin);
    at_ = stop + 2;
    constexpr std::array<std::string_view, 12> classes{"alnum", "alpha", "blank", "cntrl", "digit", "graph",
                                                       "lower", "print", "punct", "space", "upper", "xdigit"};
    if (kind == ':' && std::ranges::find(classes, name) == classes.end()) return std::nullopt;
    using enum Element::Kind;
    return Element{static_cast<uint8_t>(name.front()), kind == ':' ? of_class : kind == '.' ? collating : equivalent};
  }
  // The end of one range is not the begin of another. BIND takes a hyphen behind a range for the begin of one, also
  // where it stands last, until a character has come between; and it does not compare with the end of a range if that
  // is a bracket.
  bool bracket() {
    using enum Element::Kind;
    takes('^');
    bool is_behind_range = false;
    for (bool first = true;; first = false) {
      if (!first && takes(']')) return true;
      if (is_behind_range && at_ < text_.size() && text_[at_] == '-') return false;
      const auto low = element();
      if (!low) return false;
      if (low->is_class() || !begins_range()) {
        if (low->kind == character || low->kind == collating) is_behind_range = false;
        continue;
      }
      ++at_;
      const auto high = element();
      if (!high || high->is_class() || (high->kind != opening && high->character < low->character)) return false;
      is_behind_range = true;
    }
  }
  bool begins_range() const { return at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']'; }

  std::string_view text_;
  size_t at_ = 0;
  unsigned open_ = 0, groups_ = 0;
  bool empty_ = true;        // nothing stands in this branch yet
  bool repeatable_ = false;  // what stands last may be followed by * + ? {}
  bool after_bar_ = false;
};

// The three parts between delimiters, as they are written. A backslash takes the character behind it along.
struct Parts {
  std::string pattern, replacement, flags;
};
std::optional<Parts> split(std::string_view text) {
  Parts parts;
  const char delimiter = text.front();
  std::string* part = &parts.pattern;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == delimiter) {
      if (part == &parts.flags) return std::nullopt;
      part = part == &parts.pattern ? &parts.replacement : &parts.flags;
      continue;
    }
    *part += text[i];
    if (text[i] != '\\' || part == &parts.flags) continue;
    if (++i == text.size()) return std::nullopt;
    *part += text[i];
  }
  return part == &parts.flags ? std::optional(std::move(parts)) : std::nullopt;
}

// The largest group that the replacement refers to; nothing if it refers to group 0.
std::optional<unsigned> last_reference(std::string_view replacement) {
  unsigned last = 0;
  for (size_t i = 0; i + 1 < replacement.size(); ++i) {
    if (replacement[i] != '\\') continue;
    const char c = replacement[++i];
    if (c == '0') return std::nullopt;
    if (c >= '1' && c <= '9') last = std::max(last, static_cast<unsigned>(c - '0'));
  }
  return last;
}

}  // namespace

Reason check_substitution(Bytes octets) {
  if (octets.empty()) return std::nullopt;
  const std::string_view text = text_of(octets);
  if (text.find('\0') != std::string_view::npos) return "the REGEXP has an octet 0";
  if (std::string_view("0123456789\\i").find(text.front()) != std::string_view::npos)
    return "the REGEXP begins with a digit, a backslash or i, which cannot delimit it (RFC 3402 section 3.2)";
  const auto parts = split(text);
  if (!parts) return "the REGEXP has not three delimiters (RFC 3402 section 3.2)";
  if (parts->flags.find_first_not_of('i') != std::string::npos)
    return "behind the last delimiter of the REGEXP stands i or nothing (RFC 3402 section 3.2)";
  const auto groups = Pattern(parts->pattern).groups();
  if (!groups) return "the REGEXP's pattern is no POSIX extended regular expression (RFC 3402 section 3.2)";
  const auto last = last_reference(parts->replacement);
  if (!last || *last > *groups)
    return "the REGEXP's replacement refers to a group that is not there (RFC 3402 section 3.2)";
  return std::nullopt;
}

}  // namespace axfrd::zones

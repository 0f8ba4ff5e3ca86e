#include "control/operate/record_arguments.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "control/base/parse_name.h"
#include "zones/data/record.h"
#include "zones/text/tokens.h"

namespace axfrd::control {

namespace {

using zones::equals_ignoring_case;
using zones::Tokens;

[[noreturn]] void refuse_argument(const std::string& why) { throw std::invalid_argument(why); }

// The kind of fields in the data of a type, as far as quoting depends on it.
enum class Fields : uint8_t {
  words,        // no strings
  with_string,  // strings among other fields
  strings,      // any number of strings, of 255 octets at most
  one_string    // of any length
};

Fields fields_of(const std::string& type) {
  if (equals_ignoring_case(type, "URL")) return Fields::one_string;
  switch (zones::type_from_text(type)) {
    case 16:   // TXT
    case 56:   // NINFO
    case 99:   // SPF
    case 258:  // AVC
    case 261:  // RESINFO
    case 262:  // WALLET
    case 263:  // CLA
      return Fields::strings;
    case 19:  // X25
      return Fields::one_string;
    case 13:   // HINFO
    case 20:   // ISDN
    case 27:   // GPOS
    case 35:   // NAPTR
    case 256:  // URI
    case 257:  // CAA
      return Fields::with_string;
    default:
      return Fields::words;
  }
}

// Whether the field at `place` may be a name. Types without strings have names and numbers. SVCB and HTTPS have a name
// in the second place only, and NAPTR in the sixth.
bool may_be_name(const std::string& type, size_t place) {
  constexpr unsigned kNaptr = 35, kSvcb = 64, kHttps = 65;
  const uint16_t number = zones::type_from_text(type);
  if (number == kSvcb || number == kHttps) return place == 1;
  if (number == kNaptr) return place == 5;
  return fields_of(type) == Fields::words;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void check_octets_of(const std::string& argument) {
  for (const char c : argument) {
    if (c == '\n' || c == '\r') refuse_argument("a newline in '" + argument + "'; the octet is written \\010");
    if (c == '\0') refuse_argument("an octet 0 in an argument; it is written \\000");
  }
}

// Writes an argument as one or more quoted strings.
class Quoter {
 public:
  // `most`: octets of one string.
  explicit Quoter(size_t most) : most_(most) {}

  std::string quote(const std::string& argument) {
    for (size_t at = 0; at < argument.size();) at += take(argument, at);
    return "\"" + text_ + "\"";
  }
  size_t octets() const { return octets_; }

 private:
  // Adds one octet of the string. Returns the number of characters of the argument that it took.
  size_t take(const std::string& argument, size_t at) {
    const char c = argument[at];
    if (c == '"') {
      refuse_argument("a quotation mark inside '" + argument +
                      "'; write \\\" for one that is part of the value, or quote each string as in '\"one\" \"two\"'");
    }
    if (c == '\\') return take_escape(argument, at);
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= ' ' && octet != 0x7F) return put(std::string(1, c)), 1;
    return put("\\" + std::to_string(1000U + octet).substr(1)), 1;
  }

  size_t take_escape(const std::string& argument, size_t at) {
    const std::string digits = argument.substr(at + 1, 3);
    if (digits.size() == 3 && std::ranges::all_of(digits, is_digit) && digits <= "255")
      return put("\\" + digits), size_t{4};
    if (!digits.empty() && std::ispunct(static_cast<unsigned char>(digits[0])) != 0)
      return put("\\" + digits.substr(0, 1)), size_t{2};
    refuse_argument("a backslash in '" + argument + "' with neither a punctuation mark nor three digits up to 255 " +
                    "behind it; write \\\\ for one that is part of the value");
  }

  void put(const std::string& written) {
    if (octets_ > 0 && octets_ % most_ == 0) text_ += "\" \"";
    text_ += written;
    ++octets_;
  }

  const size_t most_;
  std::string text_;
  size_t octets_ = 0;
};

class RecordReader {
 public:
  RecordLine read(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
      check_octets_of(argument);
      if (type_) {
        data_.push_back(argument);
      } else {
        read_head(argument);
      }
    }
    if (!owner_) refuse_argument("there is no record");
    const std::string data = in_a_labels(data_text());
    if (!data.empty()) line_.text += " " + data;
    return std::move(line_);
  }

 private:
  // Reads owner, TTL, class and type. They may be in one argument, with data after them.
  void read_head(const std::string& argument) {
    if (argument.find_first_not_of(" \t") == std::string::npos)
      refuse_argument("an argument is empty; the owner @ is the apex");
    Tokens tokens(argument);
    while (!type_ && !tokens.rest().empty()) {
      const std::string token(tokens.next());
      if (!owner_) {
        owner_ = true;
        line_.text = as_name(token);
      } else {
        if (!is_digit(token.front()) && !is_class(token)) type_ = token;
        line_.text += " " + token;
      }
    }
    rest_ = tokens.rest();
  }

  static bool is_class(std::string_view token) {
    constexpr std::array classes{"IN", "CLASS1", "CH", "HS", "CS"};
    return std::ranges::any_of(classes, [&](const char* name) { return equals_ignoring_case(token, name); });
  }

  std::string data_text() {
    std::string text = rest_;
    const bool octets = text.starts_with("\\#") || (!data_.empty() && data_.front().starts_with("\\#"));  // RFC 3597 §5
    const Fields fields = type_ && !octets ? fields_of(*type_) : Fields::words;
    for (const std::string& argument : data_) text += (text.empty() ? "" : " ") + field_text(argument, fields);
    return text;
  }

  std::string field_text(const std::string& argument, Fields fields) {
    if (argument.starts_with('"') || fields == Fields::words) return argument;
    if (fields == Fields::strings) return strings_text(argument);
    if (fields == Fields::with_string) {
      const bool is_string =
          data_.size() > 1 && (argument.empty() || argument.find_first_of(" \t;()") != argument.npos);
      return is_string ? Quoter(SIZE_MAX).quote(argument) : argument;
    }
    return Quoter(SIZE_MAX).quote(argument);
  }

  std::string strings_text(const std::string& argument) {
    constexpr size_t kMost = 255;
    Quoter quoter(kMost);
    std::string text = quoter.quote(argument);
    if (quoter.octets() > kMost) {
      line_.remarks.push_back("a value of " + std::to_string(quoter.octets()) +
                              " octets is stored as strings of 255 octets at most (RFC 1035 section 3.3)");
    }
    return text;
  }

  // The data with internationalised names as A-labels.
  std::string in_a_labels(const std::string& data) {
    if (is_ascii(data) || !type_) return data;
    std::string text;
    Tokens tokens(data);
    for (size_t place = 0; !tokens.rest().empty(); ++place) {
      const std::string token(tokens.next());
      text +=
          (text.empty() ? "" : " ") + (may_be_name(*type_, place) && !token.starts_with('"') ? as_name(token) : token);
    }
    return text;
  }

  std::string as_name(const std::string& token) {
    const std::string name = with_a_labels(token);
    if (name != token) line_.remarks.push_back("'" + token + "' is stored as " + name);
    return name;
  }

  RecordLine line_;
  bool owner_ = false;               // whether the owner was read
  std::optional<std::string> type_;  // none: not read yet
  std::string rest_;                 // the text after the type in the same argument
  std::vector<std::string> data_;    // the arguments after that
};

}  // namespace

RecordLine record_line(const std::vector<std::string>& arguments) { return RecordReader().read(arguments); }

}  // namespace axfrd::control

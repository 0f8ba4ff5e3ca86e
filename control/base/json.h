// JSON objects that keep the order in which they were filled, which is the order in which people read them.
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace axfrd::control {

using Json = nlohmann::ordered_json;

// JSON text; octets that are no UTF-8 (file names, quoted lines of zone files) are replaced.
std::string dump(const Json& value);

// Appends `text` as the inside of a JSON string.
void append_escaped(std::string& out, std::string_view text);

// An object that is written at once as text, member by member: of what there are very many, a Json each would cost
// more than all the rest.
class JsonObjectWriter {
 public:
  explicit JsonObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

  void end() { out_ += '}'; }
  void add(std::string_view name, std::string_view text) {
    begin(name);
    out_ += '"';
    append_escaped(out_, text);
    out_ += '"';
  }
  void add(std::string_view name, const char* text) { add(name, std::string_view(text)); }
  template <std::integral T>
  void add(std::string_view name, T value) {
    begin(name);
    if constexpr (std::same_as<T, bool>) {
      out_ += value ? "true" : "false";
    } else {
      append_number(static_cast<int64_t>(value));
    }
  }
  // What is not there is null.
  template <class T>
  void add(std::string_view name, const std::optional<T>& value) {
    if (value) return add(name, *value);
    begin(name);
    out_ += "null";
  }
  // A value that is JSON text already.
  void add_text(std::string_view name, std::string_view json) {
    begin(name);
    out_ += json;
  }

 private:
  void begin(std::string_view name) {
    out_ += out_.back() == '{' ? "\"" : ",\"";
    out_.append(name) += "\":";
  }
  void append_number(int64_t number);

  std::string& out_;
};

}  // namespace axfrd::control

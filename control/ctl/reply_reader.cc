#include "control/ctl/reply_reader.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace axfrd::control {

namespace {

constexpr size_t kInReply = 1, kInResult = 2, kInList = 3;

[[noreturn]] void not_json() { throw std::invalid_argument("that is not JSON"); }

// Behind the string that begins at `begin`.
size_t end_of_string(std::string_view text, size_t begin) {
  for (size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  not_json();
}

// Behind the value that begins at `begin`.
size_t end_of_value(std::string_view text, size_t begin) {
  size_t depth = 0;
  for (size_t at = begin; at < text.size();) {
    const char c = text[at];
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
    if (c == '"') {
      at = end_of_string(text, at);
    } else {
      ++at;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
    }
  }
  not_json();
}

}  // namespace

// ---- ReplyReader ----

bool ReplyReader::take(std::string_view octets) {
  text_ += octets;
  bool ended = false;
  while (at_ < text_.size() && !ended) {
    take(text_[at_++]);
    ended = depth_ == 0 && !rest_.empty();
  }
  if (result_begin_ != kNone) {
    tell_result(at_);
    result_begin_ = at_;
  }
  const size_t done = std::min(at_, item_begin_);
  text_.erase(0, done);
  at_ -= done;
  if (item_begin_ != kNone) item_begin_ -= done;
  if (result_begin_ != kNone) result_begin_ -= done;
  return ended;
}

void ReplyReader::take(char c) {
  if (!in_string_) return take_outside_of_strings(c);
  if (!in_list_) rest_ += c;
  if (is_escaped_) {
    is_escaped_ = false;
  } else if (c == '\\') {
    is_escaped_ = true;
  } else if (c == '"') {
    in_string_ = false;
  } else if (depth_ <= kInResult) {
    string_ += c;
  }
}

void ReplyReader::take_outside_of_strings(char c) {
  const bool ends_item = in_list_ && depth_ == kInList && (c == ',' || c == ']');
  if (ends_item) end_item();
  if (in_list_ && depth_ == kInList && item_begin_ == kNone && !ends_item) item_begin_ = at_ - 1;
  if (depth_ == kInReply && (c == ',' || c == '}') && result_begin_ != kNone) {
    tell_result(at_ - 1);
    result_begin_ = kNone;
  }
  if (ends_item && c == ']') in_list_ = false;
  if (!in_list_) rest_ += c;
  switch (c) {
    case '"':
      in_string_ = true;
      if (depth_ <= kInResult) string_.clear();
      break;
    case ':':
      if (depth_ != kInReply) break;
      member_ = string_;
      if (member_ == "result") result_begin_ = at_;
      break;
    case '{':
    case '[':
      ++depth_;
      if (c == '[' && depth_ == kInList && is_of_name_ && member_ == "result" && string_ == list_) in_list_ = true;
      break;
    case '}':
    case ']':
      if (depth_ == 0) not_json();
      --depth_;
      break;
    default:
      break;
  }
  is_of_name_ = c == ':';
}

void ReplyReader::end_item() {
  if (item_begin_ == kNone) return;  // the list is empty
  ++items_;
  item_(std::string_view(text_).substr(item_begin_, at_ - 1 - item_begin_));
  item_begin_ = kNone;
}

void ReplyReader::tell_result(size_t end) {
  if (result_ && end > result_begin_) result_(std::string_view(text_).substr(result_begin_, end - result_begin_));
}

// ---- JsonWalk ----

JsonWalk::JsonWalk(std::string_view text) : end_(text.starts_with('{') ? '}' : ']'), rest_(text) {
  if (!text.starts_with('{') && !text.starts_with('[')) not_json();
}

bool JsonWalk::next() {
  if (rest_.starts_with(end_)) return false;
  if (rest_.size() < 2) not_json();
  if (rest_[1] == end_) return false;
  rest_.remove_prefix(1);
  if (end_ == '}') {
    if (rest_[0] != '"') not_json();
    const size_t end = end_of_string(rest_, 0);
    if (end == rest_.size() || rest_[end] != ':') not_json();
    name_ = rest_.substr(1, end - 2);
    rest_.remove_prefix(end + 1);
  }
  value_ = rest_.substr(0, end_of_value(rest_, 0));
  rest_.remove_prefix(value_.size());
  return true;
}

std::string text_of_json(std::string_view value) {
  if (!value.starts_with('"')) return std::string(value);
  if (value.find('\\') == std::string_view::npos) return std::string(value.substr(1, value.size() - 2));
  return Json::parse(value).get<std::string>();
}

int64_t number_of_json(std::string_view value) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) not_json();
  return number;
}

}  // namespace axfrd::control

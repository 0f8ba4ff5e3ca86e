// Replies of axfrd with very many items, taken apart while they come: no more than one item is kept.
//
// Both look at brackets, quotation marks and commas alone. What is wrong with a text beyond that is told by who reads
// the parts.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "control/base/json.h"

namespace axfrd::control {

// One reply. The items of one list of its result are handed on as they come; the rest is JSON in the end.
class ReplyReader {
 public:
  using Take = std::function<void(std::string_view text)>;

  // `list`: the member of the result whose items `item` takes, each as JSON text. `result`, if any, takes the text of
  // the whole result as it is, in pieces.
  ReplyReader(std::string list, Take item, Take result = {})
      : list_(std::move(list)), item_(std::move(item)), result_(std::move(result)) {}

  // True when the reply has ended.
  bool take(std::string_view octets);
  // The reply without the items. @pre it has ended. Throws Json::exception.
  Json rest() const { return Json::parse(rest_); }
  size_t items() const { return items_; }

 private:
  static constexpr size_t kNone = std::string::npos;

  void take(char c);
  void take_outside_of_strings(char c);
  void end_item();
  void tell_result(size_t end);

  const std::string list_;
  const Take item_, result_;
  std::string text_;  // what is not dealt with yet
  size_t at_ = 0;     // in text_
  size_t depth_ = 0;  // 1 is within the reply, 2 within its result, 3 within the list
  bool in_string_ = false, is_escaped_ = false, in_list_ = false;
  bool is_of_name_ = false;      // what comes next is the value of a member
  std::string string_;           // the last one, of those that are members' names
  std::string member_;           // of the reply, in whose value we are
  size_t item_begin_ = kNone;    // in text_
  size_t result_begin_ = kNone;  // in text_, of what was not told yet
  std::string rest_;
  size_t items_ = 0;
};

// Goes through the members of an object, or the items of a list, that is JSON text without blanks. Values stay text.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text);

  // False at the end. Throws std::invalid_argument when that is no object and no list.
  bool next();
  std::string_view name() const { return name_; }  // of a member
  std::string_view value() const { return value_; }

 private:
  const char end_;
  std::string_view rest_, name_, value_;
};

// Of a value that is JSON text: a string without its quotation marks, and any other as it is.
std::string text_of_json(std::string_view value);
// Throws std::invalid_argument.
int64_t number_of_json(std::string_view value);

}  // namespace axfrd::control

// Results for people: aligned tables, sizes and times in units one can read.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/base/json.h"
#include "control/base/unix_time.h"

namespace axfrd::control {

// Rows of cells as aligned columns; the cells of `right` columns are numbers and aligned at their end.
struct Table {
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> right;
  std::vector<size_t> widths = {};  // of columns, at least; what is printed later is no narrower

  void print(std::ostream& out);
  // Prints now and then, so that few of very many rows are kept.
  void add(std::ostream& out, std::vector<std::string> row);
};

std::string human_size(uint64_t octets);
std::string human_duration(uint64_t seconds);

// A bar for a line of a terminal.
std::string progress_bar(size_t done, size_t all);

// What `verb`, called with `params`, gave. Times are those of `zone`.
void print_result(std::ostream& out, const std::string& method, const Json& params, const Json& result,
                  TimeZone zone = TimeZone::utc);
// A list of very many items, printed while they come: as print_result() prints it, but that columns become wider where
// a later part of it needs that.
class ListPicture {
 public:
  virtual ~ListPicture() = default;
  virtual const char* member() const = 0;  // of the result, which the list is
  virtual void add(std::string_view item) = 0;
  // What is printed behind it. `result`: without the items.
  virtual void end(const Json& result) = 0;
};
// Null: the result of that verb is no such list.
std::unique_ptr<ListPicture> list_picture(std::ostream& out, const std::string& method, const Json& params);

// What is to be changed in the delegation of a zone, after a change of its secondaries: "add …; take out …". Empty:
// nothing.
std::string delegation_change(const Json& result);

// What is to be told of a result that is good all the same, a line each.
void print_warnings(std::ostream& err, const Json& result);
// What failed of a request that went on all the same, likewise.
void print_errors(std::ostream& err, const Json& result);

}  // namespace axfrd::control

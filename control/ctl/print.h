// Results for people: aligned tables, sizes and times in units one can read.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "control/base/unix_time.h"

namespace axfrd::control {

// Rows of cells as aligned columns; the cells of `right` columns are numbers and aligned at their end.
struct Table {
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> right;
  void print(std::ostream& out) const;
};

std::string human_size(uint64_t octets);
std::string human_duration(uint64_t seconds);

// A bar for a line of a terminal.
std::string progress_bar(size_t done, size_t all);

// What `verb`, called with `params`, gave. Times are those of `zone`.
void print_result(std::ostream& out, const std::string& method, const Json& params, const Json& result,
                  TimeZone zone = TimeZone::utc);
// What is to be told of a result that is good all the same, a line each.
void print_warnings(std::ostream& err, const Json& result);
// What failed of a request that went on all the same, likewise.
void print_errors(std::ostream& err, const Json& result);

}  // namespace axfrd::control

// The statistics as metrics for Prometheus: what each is called, where it stands in `axfrctl --json stats`, and what it
// means. The manual is made of this table, too.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace axfrd::control {

// A part of the statistics, and what its samples are told apart by: an element of an array by its number or by one of
// its own values, another part by the same label always.
struct Section {
  std::string_view key, label, value;
  bool own_value = false;  // `value` names the element's own
};

struct Metric {
  enum class Kind : uint8_t { counter, gauge, histogram };

  std::span<const Section> sections;
  const char* path;  // in the section, with / between the levels
  const char* name;
  Kind kind;
  const char* help;
  const char* by = nullptr;  // the value has a member for each value of this label
};

std::span<const Metric> metric_table();

}  // namespace axfrd::control

#include "control/command/metrics.h"

#include <string_view>

#include "control/command/metric_table.h"

namespace axfrd::control {
namespace {

class Exposition {
 public:
  void metric(const Metric& metric, const Json& stats) {
    metric_ = &metric;
    headed_ = false;
    for (const Section& section : metric.sections) {
      if (!stats.contains(section.key)) continue;
      const Json& part = stats[std::string(section.key)];
      if (part.is_array()) {
        for (size_t i = 0; i < part.size(); ++i) {
          const std::string value =
              section.own_value ? part[i][std::string(section.value)].get<std::string>() : std::to_string(i);
          values(part[i], label(section.label, value));
        }
      } else {
        values(part, section.label.empty() ? "" : label(section.label, section.value));
      }
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  // A label's value may be anything but these three as they are.
  static std::string label(std::string_view name, std::string_view value) {
    std::string text = std::string(name) + "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      if (c == '\n') {
        text += "\\n";
      } else {
        text += c;
      }
    }
    return text + '"';
  }

  void values(const Json& part, const std::string& labels) {
    const Json::json_pointer path(std::string("/") + metric_->path);
    if (!part.contains(path)) return;
    const Json& value = part[path];
    if (metric_->kind == Metric::Kind::histogram) return histogram(labels, value);
    if (metric_->by == nullptr) return sample(labels, value);
    for (const auto& [key, each] : value.items())
      sample(labels + (labels.empty() ? "" : ",") + label(metric_->by, key), each);
  }

  void histogram(const std::string& labels, const Json& value) {
    for (const auto& [bound, count] : value["buckets"].items())
      sample(labels + (labels.empty() ? "" : ",") + label("le", bound), count, "_bucket");
    sample(labels, value["sum"], "_sum");
    sample(labels, value["count"], "_count");
  }

  static const char* kind_text(Metric::Kind kind) {
    switch (kind) {
      case Metric::Kind::counter:
        return "counter";
      case Metric::Kind::gauge:
        return "gauge";
      case Metric::Kind::histogram:
        break;
    }
    return "histogram";
  }

  void sample(const std::string& labels, const Json& value, const char* suffix = "") {
    const std::string name = metric_->name;
    if (!std::exchange(headed_, true))
      text_ += "# HELP " + name + ' ' + metric_->help + "\n# TYPE " + name + ' ' + kind_text(metric_->kind) + '\n';
    text_ += name + suffix;
    if (!labels.empty()) text_ += '{' + labels + '}';
    text_ += ' ' + (value.is_boolean() ? std::to_string(value.get<bool>() ? 1 : 0) : value.dump()) + '\n';
  }

  const Metric* metric_ = nullptr;
  bool headed_ = false;
  std::string text_;
};

}  // namespace

std::string metrics_text(const Json& stats) {
  Exposition exposition;
  for (const Metric& metric : metric_table()) exposition.metric(metric, stats);
  return std::move(exposition).text();
}

}  // namespace axfrd::control

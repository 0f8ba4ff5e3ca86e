#include "zones/data/warnings.h"

#include <algorithm>

namespace axfrd::zones {

std::string Place::to_text() const { return line != 0 ? file + ":" + std::to_string(line) : file; }

void Places::enter(const std::string& file, uint32_t line) { stretches_.push_back({last_ + 1, line, file}); }

uint32_t Places::number(uint32_t line) {
  const Stretch& last = stretches_.back();
  return last_ = std::max(last_, last.number + (line - last.line));
}

Place Places::find(uint32_t number) const {
  if (stretches_.empty()) return {};
  if (number == 0) return {stretches_.front().file, 0};
  const auto next = std::ranges::upper_bound(stretches_, number, {}, &Stretch::number);
  const Stretch& stretch = next == stretches_.begin() ? *next : *(next - 1);
  return {stretch.file, stretch.line + (number - stretch.number)};
}

void Warnings::add(uint32_t line, const std::string& text) {
  if (texts_.size() >= kMost) return keep({});
  const std::string place = places_.find(line).to_text();
  keep(place.empty() ? text : place + ": " + text);
}

void Warnings::add(const Warnings& other) {
  for (const std::string& text : other.texts_) keep(text);
  left_out_ += other.left_out_;
}

void Warnings::keep(std::string text) {
  if (texts_.size() < kMost) {
    texts_.push_back(std::move(text));
  } else {
    ++left_out_;
  }
}

std::string Warnings::as_refusal() const {
  std::string all;
  for (const std::string& text : texts_) all += text + "\n";
  if (left_out_ != 0) all += "and " + std::to_string(left_out_) + " more warnings\n";
  return all + "nothing was changed, because --strict makes warnings errors";
}

}  // namespace axfrd::zones

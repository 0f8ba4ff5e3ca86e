#include "control/operate/apex_index.h"

#include <algorithm>

namespace axfrd::control {

namespace {

constexpr size_t kMostOctets = 4096;             // of a block
constexpr size_t kFilled = kMostOctets / 4 * 3;  // of a new block, to leave room for more names

std::string_view first_line(const std::string& block) { return std::string_view(block).substr(0, block.find('\n')); }

// Where the first line begins that is not less than `text`; the end of the block if there is none.
size_t find_line(const std::string& block, std::string_view text) {
  size_t at = 0;
  while (at < block.size()) {
    const size_t end = block.find('\n', at);
    if (std::string_view(block).substr(at, end - at) >= text) break;
    at = end + 1;
  }
  return at;
}

bool is_line_at(const std::string& block, size_t at, std::string_view text) {
  return block.size() - at > text.size() && std::string_view(block).substr(at, text.size()) == text &&
         block[at + text.size()] == '\n';
}

}  // namespace

std::string ApexIndex::folded(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return static_cast<char>(zones::fold(static_cast<uint8_t>(c))); });
  return text;
}

void ApexIndex::set(const zones::Name& apex, bool is_there) {
  const dataplane::Lock lock(mutex_);
  if (state_ == State::none) return;  // build() will read the table
  if (state_ == State::building) {
    meanwhile_.emplace_back(text_of(apex), is_there);
  } else {
    change(text_of(apex), is_there);
  }
}

// The last block whose first line is not greater than `text`, or the first block.
size_t ApexIndex::block_of(std::string_view text) const {
  const auto after = std::ranges::upper_bound(blocks_, text, std::less<>(), first_line);
  return after == blocks_.begin() ? 0 : static_cast<size_t>(after - blocks_.begin()) - 1;
}

void ApexIndex::change(std::string_view text, bool is_there) {
  if (blocks_.empty() && !is_there) return;
  if (blocks_.empty()) {
    blocks_.push_back(std::string(text) + '\n');
    return;
  }
  const size_t number = block_of(text);
  std::string& block = blocks_[number];
  const size_t at = find_line(block, text);
  const bool was_there = is_line_at(block, at, text);
  if (was_there == is_there) return;
  if (!is_there) {
    block.erase(at, text.size() + 1);
    if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<ptrdiff_t>(number));
    return;
  }
  block.insert(at, std::string(text) + '\n');
  if (block.size() <= kMostOctets) return;
  const size_t middle = block.find('\n', block.size() / 2) + 1;
  if (middle == block.size()) return;  // no line boundary to split at
  std::string upper = block.substr(middle);
  block.resize(middle);
  block.shrink_to_fit();
  blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(number) + 1, std::move(upper));
}

void ApexIndex::build(const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader) {
  {
    dataplane::Lock lock(mutex_);
    lock.wait(built_, [this]() REQUIRES(mutex_) { return state_ != State::building; });
    if (state_ == State::built) return;
    state_ = State::building;  // from here on, each change is seen by fill(), in meanwhile_, or both
  }
  try {
    fill(zones, reader);
  } catch (...) {
    const dataplane::Lock lock(mutex_);
    state_ = State::none;
    meanwhile_ = {};
    built_.notify_all();
    throw;
  }
}

void ApexIndex::fill(const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader) {
  std::string texts;
  std::vector<size_t> ends;
  {
    const dataplane::ReadSection section(reader);
    ends.reserve(zones.size());
    zones.for_each([&](const zones::Zone& zone) {
      texts += text_of(zone.current()->apex().name);
      ends.push_back(texts.size());
    });
  }
  std::vector<std::string_view> sorted;
  sorted.reserve(ends.size());
  for (size_t begin = 0; const size_t end : ends) {
    sorted.push_back(std::string_view(texts).substr(begin, end - begin));
    begin = end;
  }
  ends = {};
  std::ranges::sort(sorted);
  std::vector<std::string> blocks;
  std::string block;
  for (const std::string_view text : sorted) {
    if (block.size() + text.size() > kFilled && !block.empty()) blocks.emplace_back(std::exchange(block, {}));
    if (block.empty()) block.reserve(kFilled + text.size() + 1);
    block.append(text) += '\n';
  }
  if (!block.empty()) blocks.push_back(std::move(block));
  const dataplane::Lock lock(mutex_);
  blocks_ = std::move(blocks);
  for (const auto& [text, is_there] : meanwhile_) change(text, is_there);
  meanwhile_ = {};
  state_ = State::built;
  built_.notify_all();
}

ApexIndex::Page ApexIndex::page(std::string_view prefix, std::string_view within,
                                const std::optional<std::string>& after, size_t most) const {
  constexpr size_t kMostLooked = 100'000;
  Page page{{}, false};
  const dataplane::Lock lock(mutex_);
  if (blocks_.empty()) return page;
  const std::string_view from = after && *after > prefix ? std::string_view(*after) : prefix;
  size_t number = block_of(from), looked = 0;
  std::string_view last;
  const auto cut = [&] {
    page.more = true;
    if (!last.empty()) page.last = last;
    return page;
  };
  for (size_t at = find_line(blocks_[number], from); number < blocks_.size(); at = 0, ++number) {
    const std::string_view block = blocks_[number];
    while (at < block.size()) {
      const size_t end = block.find('\n', at);
      const std::string_view line = block.substr(at, end - at);
      at = end + 1;
      if (after && line <= *after) continue;
      if (!line.starts_with(prefix)) return page;
      if (page.names.size() == most || looked++ == kMostLooked) return cut();
      last = line;
      if (line.find(within) != std::string_view::npos) page.names.emplace_back(line);
    }
  }
  return page;
}

size_t ApexIndex::memory() const {
  const dataplane::Lock lock(mutex_);
  size_t octets = blocks_.capacity() * sizeof(std::string);
  for (const std::string& block : blocks_) octets += block.capacity();
  return octets;
}

}  // namespace axfrd::control

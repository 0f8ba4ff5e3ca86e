#include "control/http/pdns_search.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "control/http/pdns_names.h"
#include "control/http/pdns_zone.h"
#include "zones/wire/ascii.h"

namespace axfrd::control {

namespace {

constexpr size_t kMostExamined = 200'000;  // records of one search: some hundred milliseconds

class Searcher : public std::enable_shared_from_this<Searcher> {
 public:
  Searcher(boost::asio::io_context& loop, ZoneList list, PdnsSearch search, std::function<void(Json)> done)
      : loop_(loop), list_(std::move(list)), search_(std::move(search)), done_(std::move(done)) {}

  void next() {
    const auto versions = list_.next();
    for (const axfrd::zones::VersionRef& version : versions) look_at(version);
    if (versions.empty() || is_full()) return done_(std::move(hits_));
    boost::asio::post(loop_, [self = shared_from_this()] { self->next(); });
  }

 private:
  bool is_full() const { return hits_.size() >= search_.most; }

  void look_at(const axfrd::zones::VersionRef& version) {
    const std::string name = version->apex().name.to_text(), id = zone_id(version->apex().name);
    if (search_.zones && !is_full() && fits_pattern(name, search_.pattern))
      hits_.push_back({{"name", name}, {"object_type", "zone"}, {"zone_id", id}});
    if (!search_.records || is_full() || examined_ > kMostExamined) return;
    for_each_shown(*version, [&](const ShownRecord& record) {
      if (is_full() || ++examined_ > kMostExamined) return false;
      const auto& [owner, type, ttl, content] = record;
      if (!fits_pattern(owner, search_.pattern) && !fits_pattern(content, search_.pattern)) return true;
      hits_.push_back({{"content", content},
                       {"disabled", false},
                       {"name", owner},
                       {"object_type", "record"},
                       {"ttl", ttl},
                       {"type", type},
                       {"zone", name},
                       {"zone_id", id}});
      return true;
    });
  }

  boost::asio::io_context& loop_;
  ZoneList list_;
  const PdnsSearch search_;
  const std::function<void(Json)> done_;
  Json hits_ = Json::array();
  size_t examined_ = 0;
};

}  // namespace

// Where a star stands for too little, only the last one needs to be tried with more.
bool fits_pattern(std::string_view text, std::string_view pattern) {
  size_t at = 0, wanted = 0, star = std::string_view::npos, taken = 0;
  while (at < text.size()) {
    const bool fits =
        wanted < pattern.size() &&
        (pattern[wanted] == '?' || axfrd::zones::equals_ignoring_case(text.substr(at, 1), pattern.substr(wanted, 1)));
    if (wanted < pattern.size() && pattern[wanted] == '*') {
      star = wanted++;
      taken = at;
    } else if (fits) {
      ++at;
      ++wanted;
    } else if (star != std::string_view::npos) {
      wanted = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (wanted < pattern.size() && pattern[wanted] == '*') ++wanted;
  return wanted == pattern.size();
}

void search_zones(boost::asio::io_context& loop, ZoneList list, const PdnsSearch& search,
                  std::function<void(Json)> done) {
  const auto searcher = std::make_shared<Searcher>(loop, std::move(list), search, std::move(done));
  boost::asio::post(loop, [searcher] { searcher->next(); });
}

}  // namespace axfrd::control

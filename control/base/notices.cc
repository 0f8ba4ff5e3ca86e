#include "control/base/notices.h"

namespace axfrd::control {

namespace {

using std::chrono::duration_cast, std::chrono::minutes;

constexpr auto kFirstPause = minutes(10), kNextPause = minutes(60);

void write_notice(const Log& log, LogLevel level, const std::string& text) {
  if (level == LogLevel::warning) {
    log.warning(text);
  } else {
    log.info(text);
  }
}

}  // namespace

void Notices::leave_out() {
  ++left_out_untold_;
  left_out_.add();
}

void Notices::say(Time now, LogLevel level, const std::string& text) {
  if (now - minute_ >= minutes(1)) {
    minute_ = now;
    in_minute_ = 0;
    if (left_out_untold_ != 0)
      write_notice(log_, level_,
                   std::to_string(std::exchange(left_out_untold_, 0)) + " lines " + what_ + " were left out");
  }
  if (++in_minute_ > most_) return leave_out();
  write_notice(log_, level, text);
}

void Notices::tell(Time now, const std::string& host, const std::string& reason, const std::string& text,
                   const std::string& zone) {
  const auto known = entries_.find({host, reason});
  if (known != entries_.end()) {
    ++known->second.more;
    known->second.last_zone = zone;
    return;
  }
  if (entries_.size() == kMostEntries) return leave_out();
  entries_[{host, reason}] = {0, zone, now, false};
  say(now, level_, text);
}

void Notices::tell_again(Time now, const std::pair<std::string, std::string>& of, Entry& entry) {
  const auto span = duration_cast<minutes>(now - entry.told).count();
  say(now, level_,
      of.first + ": " + of.second + ": " + std::to_string(entry.more) + " more times in " + std::to_string(span) +
          " min" + (entry.last_zone.empty() ? "" : ", the last one for " + entry.last_zone));
  entry.more = 0;
  entry.told = now;
  entry.told_again = true;
}

void Notices::turn(Time now) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    auto& [of, entry] = *at;
    if (now - entry.told < (entry.told_again ? kNextPause : kFirstPause)) {
      ++at;
    } else if (entry.more != 0) {
      tell_again(now, of, entry);
      ++at;
    } else {
      at = entries_.erase(at);
    }
  }
}

}  // namespace axfrd::control

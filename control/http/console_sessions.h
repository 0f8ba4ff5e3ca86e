// ConsoleSessions: who signed in at the console, by the cookie that a browser sends.
//
// A session ends 12 hours after its begin, or when its user did nothing for half an hour; what pages ask for by
// themselves, to stay fresh, is nothing that the user does. It also ends when the user, the token or the password that
// it was begun with is gone. Only the SHA-256 of its id is kept, in memory: axfrd's end is the end of all sessions.
//
// Threads. That of the loop.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/access/settings.h"
#include "control/operate/principal.h"

namespace axfrd::control {

class ConsoleSessions {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kLongest = std::chrono::hours(12), kIdle{30};
  static constexpr size_t kMost = 4096, kMostOfOne = 32;  // the one that was used longest ago ends for one more

  explicit ConsoleSessions(const CurrentSettings& settings) : settings_(settings) {}

  // Returns the id: 64 hexadecimal digits.
  std::string begin(const User& user, Clock::time_point now = Clock::now());
  std::string begin(const Token& token, Clock::time_point now = Clock::now());

  struct Found {
    Principal who;
    UserRef user;                    // null: by a token
    std::vector<std::string> zones;  // patterns
    std::chrono::seconds left;
  };
  // Whose session it is; nothing if it is over, or never was. `acts`: the user does something.
  std::optional<Found> find(std::string_view id, bool acts, const std::string& from,
                            Clock::time_point now = Clock::now());
  void end(std::string_view id);
  // Ends all sessions of the same user or token as that one; but for that one itself if `but_this`.
  void end_all_like(std::string_view id, bool but_this);

 private:
  using Hash = std::array<uint8_t, 32>;
  struct Session {
    std::string name;  // of the user or the token
    bool by_token;
    std::string evidence;  // the hash of the user's password, or the id of the token
    Clock::time_point begun, used;
  };

  static Hash hash_of(std::string_view id);
  std::string begin(Session session);
  static bool is_over(const Session& session, Clock::time_point now);
  std::optional<Found> holder_of(const Session& session, const std::string& from) const;

  const CurrentSettings& settings_;
  std::map<Hash, Session> sessions_;
};

}  // namespace axfrd::control

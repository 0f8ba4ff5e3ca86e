#include "control/http/console_sessions.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "control/base/unix_time.h"

namespace axfrd::control {

ConsoleSessions::Hash ConsoleSessions::hash_of(std::string_view id) {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(id.data()), id.size(), hash.data());
  return hash;
}

bool ConsoleSessions::is_over(const Session& session, Clock::time_point now) {
  return now - session.begun > kLongest || now - session.used > kIdle;
}

std::string ConsoleSessions::begin(const User& user, Clock::time_point now) {
  return begin(Session{user.name, false, user.hash, now, now});
}

std::string ConsoleSessions::begin(const Token& token, Clock::time_point now) {
  return begin(Session{token.name, true, token.id, now, now});
}

std::string ConsoleSessions::begin(Session session) {
  std::erase_if(sessions_, [&](const auto& each) { return is_over(each.second, session.begun); });
  const auto is_same = [&](const auto& each) {
    return each.second.name == session.name && each.second.by_token == session.by_token;
  };
  const bool many_of_one = static_cast<size_t>(std::ranges::count_if(sessions_, is_same)) >= kMostOfOne;
  if (many_of_one || sessions_.size() >= kMost) {
    auto oldest = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
      if (many_of_one && !is_same(*at)) continue;
      if (oldest == sessions_.end() || at->second.used < oldest->second.used) oldest = at;
    }
    sessions_.erase(oldest);
  }
  std::string id = random_digits(2 * sizeof(Hash));
  sessions_.emplace(hash_of(id), std::move(session));
  return id;
}

std::optional<ConsoleSessions::Found> ConsoleSessions::holder_of(const Session& session,
                                                                 const std::string& from) const {
  const SettingsRef settings = settings_.get();
  if (!session.by_token) {
    const UserRef user = settings->user(session.name);
    if (!user || user->kept || user->hash != session.evidence) return std::nullopt;
    return Found{user_principal(*user, from), user, user->zones, {}};
  }
  const TokenRef token = settings->tokens->find(session.name);
  if (!token || token->kept || token->id != session.evidence || token->has_expired(unix_time())) return std::nullopt;
  return Found{token_principal(*token, from), nullptr, token->zones, {}};
}

std::optional<ConsoleSessions::Found> ConsoleSessions::find(std::string_view id, bool acts, const std::string& from,
                                                            Clock::time_point now) {
  const auto at = sessions_.find(hash_of(id));
  if (at == sessions_.end()) return std::nullopt;
  auto found = is_over(at->second, now) ? std::nullopt : holder_of(at->second, from);
  if (!found) {
    sessions_.erase(at);
    return std::nullopt;
  }
  if (acts) at->second.used = now;
  found->left = std::chrono::duration_cast<std::chrono::seconds>(at->second.begun + kLongest - now);
  return found;
}

void ConsoleSessions::end(std::string_view id) { sessions_.erase(hash_of(id)); }

void ConsoleSessions::end_all_like(std::string_view id, bool but_this) {
  const auto at = sessions_.find(hash_of(id));
  if (at == sessions_.end()) return;
  const Hash hash = at->first;
  const Session like = at->second;
  std::erase_if(sessions_, [&](const auto& each) {
    const bool is_same = each.second.name == like.name && each.second.by_token == like.by_token;
    return is_same && !(but_this && each.first == hash);
  });
}

}  // namespace axfrd::control

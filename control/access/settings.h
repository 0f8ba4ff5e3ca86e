// Settings: TSIG keys, providers of secondaries, the secrets of DNS Cookies, tokens, and users. They belong to no zone.
//
// All settings are values in one table, each with a kind and a name. One snapshot of the table is in force at a time.
// The committer makes the next one, stores the changed settings in the same commit as zones, and then publishes it.
//
// A new kind is an enumerator here, an alternative of SettingValue, a member of Settings and a row in settings.cc.
//
// Threads. A snapshot is immutable and shared; CurrentSettings may be used by any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "control/access/cookie.h"
#include "control/access/key_book.h"
#include "control/access/provider.h"
#include "control/access/token.h"
#include "control/access/user.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

// The store uses the same values.
enum class SettingKind : char { key = 'k', provider = 'p', cookies = 'c', token = 't', user = 'u' };

using ProvidersRef = std::shared_ptr<const Providers>;

// monostate: there is none.
using SettingValue = std::variant<std::monostate, KeyRef, SecondaryWish, StoredCookies, TokenRef, UserRef>;

struct Setting {
  SettingKind kind;
  std::string name;  // of a key: in wire format and lower case; of the cookie secrets: empty
  SettingValue value;
};

struct Settings {
  KeyBookRef keys = std::make_shared<const KeyBook>();
  ProvidersRef providers = std::make_shared<const Providers>();
  TokenBookRef tokens = std::make_shared<const TokenBook>();
  UsersRef users = std::make_shared<const Users>();
  std::optional<StoredCookies> cookies;  // none: no secrets were ever set, and random ones are in use

  const SecondaryWish* provider(const std::string& name) const {
    const auto found = providers->find(name);
    return found != providers->end() ? &found->second : nullptr;
  }
  // Null if there is no such user.
  UserRef user(const std::string& name) const {
    const auto found = users->find(name);
    return found != users->end() ? found->second : nullptr;
  }
  // These settings, with `changed` in place of the settings of the same kinds and names.
  Settings with(std::span<const Setting> changed) const;
};
using SettingsRef = std::shared_ptr<const Settings>;

Setting key_setting(const zones::Name& name, KeyRef key);  // null: the key goes
Setting provider_setting(const std::string& name, std::optional<SecondaryWish> provider);
Setting cookies_setting(const StoredCookies& cookies);
Setting token_setting(const std::string& name, TokenRef token);  // null: the token goes
Setting user_setting(const std::string& name, UserRef user);     // null: the user goes

// "key k.example.", "provider acme", "token ci", "user eve", "the value of the cookie secrets".
std::string name_of_setting(SettingKind kind, const std::string& name);

// The stored form of a value; empty if there is none.
std::string setting_to_stored(const SettingValue& value);
// Throws std::invalid_argument.
Setting setting_from_stored(char kind, const std::string& name, const std::string& stored);
// False if a later axfrd stored tags that this one does not know (zones/disk/tagged.h). Such a setting is not edited.
// It is in force all the same, except for a token or a user, which is not accepted.
bool knows_all(const SettingValue& value);

// The snapshot in force. Written by the committer, read by any thread.
class CurrentSettings {
 public:
  SettingsRef get() const {
    const dataplane::Lock lock(mutex_);
    return settings_;
  }
  KeyBookRef keys() const { return get()->keys; }
  void set(SettingsRef settings) {
    const dataplane::Lock lock(mutex_);
    settings_.swap(settings);
  }

 private:
  mutable dataplane::Mutex mutex_;
  SettingsRef settings_ GUARDED_BY(mutex_) = std::make_shared<const Settings>();
};

}  // namespace axfrd::control

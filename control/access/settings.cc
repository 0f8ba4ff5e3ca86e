#include "control/access/settings.h"

#include <stdexcept>
#include <utility>
#include <vector>

namespace axfrd::control {

namespace {

std::string folded_wire(const zones::Name& name) {
  std::string wire;
  for (const uint8_t octet : name.view().bytes()) wire += static_cast<char>(zones::fold(octet));
  return wire;
}

zones::Name key_name(const std::string& wire) {
  const auto name = zones::NameView::read(zones::bytes_of(wire));
  if (!name) throw std::invalid_argument("its name is malformed");
  return zones::Name(*name);
}

SettingValue key_of(const std::string& name, const std::string& stored) {
  return std::make_shared<const Key>(key_from_stored(key_name(name), stored));
}
SettingValue provider_of(const std::string&, const std::string& stored) { return wish_from_stored(stored); }
SettingValue cookies_of(const std::string&, const std::string& stored) { return cookies_from_stored(stored); }

SettingValue token_of(const std::string& name, const std::string& stored) {
  return std::make_shared<const Token>(token_from_stored(name, stored));
}

SettingValue user_of(const std::string& name, const std::string& stored) {
  return std::make_shared<const User>(user_from_stored(name, stored));
}

std::string key_title(const std::string& name) {
  const auto view = zones::NameView::read(zones::bytes_of(name));
  return "key " + (view ? view->to_text() : "?");
}
std::string provider_title(const std::string& name) { return "provider " + name; }
std::string token_title(const std::string& name) { return "token " + name; }
std::string user_title(const std::string& name) { return "user " + name; }
std::string cookies_title(const std::string&) { return "the value of the cookie secrets"; }

struct KindRow {
  SettingKind kind;
  SettingValue (*from_stored)(const std::string& name, const std::string& stored);
  std::string (*title)(const std::string& name);
};
constexpr KindRow kKinds[] = {{SettingKind::key, key_of, key_title},
                              {SettingKind::provider, provider_of, provider_title},
                              {SettingKind::cookies, cookies_of, cookies_title},
                              {SettingKind::token, token_of, token_title},
                              {SettingKind::user, user_of, user_title}};

const KindRow* row_of(char kind) {
  for (const KindRow& row : kKinds) {
    if (static_cast<char>(row.kind) == kind) return &row;
  }
  return nullptr;
}

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

Setting key_setting(const zones::Name& name, KeyRef key) {
  Setting setting{SettingKind::key, folded_wire(name), {}};
  if (key) setting.value = std::move(key);
  return setting;
}

Setting provider_setting(const std::string& name, std::optional<SecondaryWish> provider) {
  Setting setting{SettingKind::provider, name, {}};
  if (provider) setting.value = std::move(*provider);
  return setting;
}

Setting cookies_setting(const StoredCookies& cookies) { return {SettingKind::cookies, {}, cookies}; }

Setting token_setting(const std::string& name, TokenRef token) {
  Setting setting{SettingKind::token, name, {}};
  if (token) setting.value = std::move(token);
  return setting;
}

Setting user_setting(const std::string& name, UserRef user) {
  Setting setting{SettingKind::user, name, {}};
  if (user) setting.value = std::move(user);
  return setting;
}

std::string name_of_setting(SettingKind kind, const std::string& name) {
  const KindRow* row = row_of(static_cast<char>(kind));
  return row != nullptr ? row->title(name) : "a setting of an unknown kind";
}

std::string setting_to_stored(const SettingValue& value) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string(); }, [](const KeyRef& key) { return key_to_stored(*key); },
                 [](const SecondaryWish& provider) { return wish_to_stored(provider); },
                 [](const StoredCookies& cookies) { return cookies_to_stored(cookies.secrets); },
                 [](const TokenRef& token) { return token_to_stored(*token); },
                 [](const UserRef& user) { return user_to_stored(*user); }},
      value);
}

Setting setting_from_stored(char kind, const std::string& name, const std::string& stored) {
  const KindRow* row = row_of(kind);
  if (row == nullptr) throw std::invalid_argument("a later axfrd has stored it, and this one does not know its kind");
  return {row->kind, name, row->from_stored(name, stored)};
}

bool knows_all(const SettingValue& value) {
  return std::visit(
      Overloaded{[](std::monostate) { return true; }, [](const KeyRef& key) { return !key->kept; },
                 [](const SecondaryWish& provider) { return provider.knows_all; },
                 [](const StoredCookies& cookies) { return cookies.knows_all; },
                 [](const TokenRef& token) { return !token->kept; }, [](const UserRef& user) { return !user->kept; }},
      value);
}

namespace {

// KeyBook::with() sorts for each key. For several keys, one new book is made, which sorts once.
KeyBookRef with_keys(const KeyBook& book, std::span<const Setting* const> changed) {
  if (changed.size() == 1) {
    const auto* key = std::get_if<KeyRef>(&changed.front()->value);
    return std::make_shared<const KeyBook>(key != nullptr ? book.with(*key)
                                                          : book.without(key_name(changed.front()->name)));
  }
  std::map<std::string, KeyRef> keys;
  for (const KeyRef& key : book.keys()) keys.emplace(folded_wire(key->tsig->name()), key);
  for (const Setting* setting : changed) {
    const auto* key = std::get_if<KeyRef>(&setting->value);
    keys[setting->name] = key != nullptr ? *key : nullptr;
  }
  std::vector<KeyRef> left;
  for (auto& [name, key] : keys) {
    if (key) left.push_back(std::move(key));
  }
  return std::make_shared<const KeyBook>(std::move(left));
}

TokenBookRef with_tokens(const TokenBook& book, std::span<const Setting* const> changed) {
  std::map<std::string, TokenRef> tokens;
  for (const Setting* setting : changed) {
    const auto* token = std::get_if<TokenRef>(&setting->value);
    tokens[setting->name] = token != nullptr ? *token : nullptr;
  }
  return std::make_shared<const TokenBook>(book, tokens);
}

UsersRef with_users(Users users, std::span<const Setting* const> changed) {
  for (const Setting* setting : changed) {
    if (const auto* user = std::get_if<UserRef>(&setting->value)) {
      users.insert_or_assign(setting->name, *user);
    } else {
      users.erase(setting->name);
    }
  }
  return std::make_shared<const Users>(std::move(users));
}

ProvidersRef with_providers(Providers providers, std::span<const Setting* const> changed) {
  for (const Setting* setting : changed) {
    if (const auto* provider = std::get_if<SecondaryWish>(&setting->value)) {
      providers.insert_or_assign(setting->name, *provider);
    } else {
      providers.erase(setting->name);
    }
  }
  return std::make_shared<const Providers>(std::move(providers));
}

}  // namespace

Settings Settings::with(std::span<const Setting> changed) const {
  std::map<SettingKind, std::vector<const Setting*>> by_kind;
  for (const Setting& setting : changed) by_kind[setting.kind].push_back(&setting);
  Settings next = *this;
  for (const auto& [kind, some] : by_kind) {
    switch (kind) {
      case SettingKind::key:
        next.keys = with_keys(*keys, some);
        break;
      case SettingKind::provider:
        next.providers = with_providers(*providers, some);
        break;
      case SettingKind::cookies:
        next.cookies.reset();
        if (const auto* set = std::get_if<StoredCookies>(&some.back()->value)) next.cookies = *set;
        break;
      case SettingKind::token:
        next.tokens = with_tokens(*tokens, some);
        break;
      case SettingKind::user:
        next.users = with_users(*users, some);
        break;
    }
  }
  return next;
}

}  // namespace axfrd::control

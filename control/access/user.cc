#include "control/access/user.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "zones/disk/tagged.h"

namespace axfrd::control {

namespace {

constexpr size_t kLeastPassword = 10, kMostPassword = 256;
constexpr const char* kYescrypt = "$y$";

enum class UserTag : uint16_t { hash = 1, role, zone, created, changed };

// Empty if crypt(3) refuses the setting.
std::string crypt_text(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();  // 32 KiB
  const char* hash = crypt_r(password.c_str(), setting.c_str(), data.get());
  std::string text = hash != nullptr && hash[0] != '*' ? hash : "";
  OPENSSL_cleanse(data.get(), sizeof *data);
  return text;
}

std::string new_setting() {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  // Without octets of ours it takes random ones from the kernel. The cost is the library's default.
  if (crypt_gensalt_rn(kYescrypt, 0, nullptr, 0, setting.data(), static_cast<int>(setting.size())) == nullptr)
    throw std::runtime_error("crypt(3) of this system does not know yescrypt");
  return setting.data();
}

}  // namespace

Json to_json(const User& user) {
  return {{"user", user.name},
          {"role", to_text(user.role)},
          {"zones", user.zones},
          {"created", user.created},
          {"password_set", user.changed}};
}

void check_password(const std::string& password) {
  if (password.size() < kLeastPassword || password.size() > kMostPassword || password.find('\0') != std::string::npos)
    throw std::invalid_argument("a password has " + std::to_string(kLeastPassword) + " to " +
                                std::to_string(kMostPassword) + " characters");
}

std::string draw_password() {
  constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";  // none that looks like another
  constexpr unsigned kCount = 20, kGroup = 5, kFair = 256 / kLetters.size() * kLetters.size();
  std::string text;
  for (unsigned drawn = 0; drawn < kCount;) {
    uint8_t octet = 0;
    if (RAND_bytes(&octet, 1) != 1) throw std::runtime_error("OpenSSL has no random numbers");
    if (octet >= kFair) continue;
    if (drawn != 0 && drawn % kGroup == 0) text += '-';
    text += kLetters[octet % kLetters.size()];
    ++drawn;
  }
  return text;
}

std::string hash_password(const std::string& password) {
  std::string hash = crypt_text(password, new_setting());
  if (hash.empty()) throw std::runtime_error("crypt(3) refused to hash a password");
  return hash;
}

bool is_password(const std::string& hash, const std::string& password) {
  static const std::string kNobodys = hash_password("nobody's password");
  const std::string& wanted = hash.empty() ? kNobodys : hash;
  const std::string made = crypt_text(password, wanted);
  return made.size() == wanted.size() && CRYPTO_memcmp(made.data(), wanted.data(), made.size()) == 0 && !hash.empty();
}

std::string user_to_stored(const User& user) {
  if (user.kept) return *user.kept;
  zones::TagWriter out;
  out.put(UserTag::hash, user.hash);
  out.put(UserTag::role, to_text(user.role));
  for (const std::string& zone : user.zones) out.put(UserTag::zone, zone);
  out.put64(UserTag::created, static_cast<uint64_t>(user.created));
  out.put64(UserTag::changed, static_cast<uint64_t>(user.changed));
  return std::move(out).finish();
}

User user_from_stored(const std::string& name, const std::string& stored) {
  User user{.name = name, .hash = {}};
  bool knows_all = true;
  std::optional<Role> role;
  zones::TagReader in(zones::bytes_of(stored));
  while (in.next()) {
    switch (in.tag<UserTag>()) {
      case UserTag::hash:
        user.hash = in.text();
        break;
      case UserTag::role:
        role = role_from(in.text());
        if (!role) knows_all = false;
        break;
      case UserTag::zone:
        user.zones.push_back(in.text());
        break;
      case UserTag::created:
        user.created = static_cast<int64_t>(in.number64());
        break;
      case UserTag::changed:
        user.changed = static_cast<int64_t>(in.number64());
        break;
      default:
        knows_all = false;
    }
  }
  (void)ZoneScope::of(user.zones);  // throws if a pattern is malformed
  if (user.hash.empty()) throw std::invalid_argument("a user without a password");
  user.role = role.value_or(Role::reader);
  if (!knows_all) user.kept = std::make_shared<const std::string>(stored);
  return user;
}

}  // namespace axfrd::control

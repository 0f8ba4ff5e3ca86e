#include "control/access/key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace axfrd::control {

namespace {

using zones::Bytes;
using zones::Name;
using zones::NameView;

// In the order of TsigAlgorithm.
struct Algorithm {
  const char* text;
  const char* long_name;  // in TSIG records (RFC 8945 §6)
  const char* digest;     // OpenSSL's name
  unsigned mac_size;
};
constexpr std::array kAlgorithms{
    Algorithm{"hmac-md5", "hmac-md5.sig-alg.reg.int", "MD5", 16}, Algorithm{"hmac-sha1", "hmac-sha1", "SHA1", 20},
    Algorithm{"hmac-sha224", "hmac-sha224", "SHA224", 28},        Algorithm{"hmac-sha256", "hmac-sha256", "SHA256", 32},
    Algorithm{"hmac-sha384", "hmac-sha384", "SHA384", 48},        Algorithm{"hmac-sha512", "hmac-sha512", "SHA512", 64},
};

const Algorithm& properties(TsigAlgorithm algorithm) { return kAlgorithms.at(static_cast<size_t>(algorithm)); }

[[noreturn]] void openssl_failed(const char* what) {
  throw std::runtime_error(std::string("OpenSSL: ") + what + " failed");
}

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

// Returns the octets of padding. OpenSSL's decoder accepts most malformed input, so the text is checked here.
unsigned check_base64(std::string_view text) {
  if (text.empty()) throw std::invalid_argument("the secret is empty");
  const size_t digits = std::min(text.find('='), text.size());
  const std::string_view padding = text.substr(digits);
  if (!std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(digits), is_base64) ||
      padding.find_first_not_of('=') != std::string_view::npos) {
    throw std::invalid_argument("the secret is not base64: a character other than A-Z, a-z, 0-9, + and /");
  }
  if (text.size() % 4 != 0 || padding.size() > 2) {
    throw std::invalid_argument("the secret is not base64: its length with padding is no multiple of four");
  }
  return static_cast<unsigned>(padding.size());
}

}  // namespace

// ---- algorithms ----

TsigAlgorithm parse_tsig_algorithm(std::string_view text) {
  const auto name = Name::from_text(text);
  for (size_t i = 0; name && i < kAlgorithms.size(); ++i) {
    if (*name == *Name::from_text(kAlgorithms[i].text) || *name == *Name::from_text(kAlgorithms[i].long_name)) {
      return static_cast<TsigAlgorithm>(i);
    }
  }
  std::string known;
  for (const Algorithm& algorithm : kAlgorithms) known += (known.empty() ? "" : ", ") + std::string(algorithm.text);
  throw std::invalid_argument("\"" + std::string(text) + "\" is no TSIG algorithm; there are " + known);
}

std::string_view to_text(TsigAlgorithm algorithm) { return properties(algorithm).text; }

NameView wire_name(TsigAlgorithm algorithm) {
  static const auto names = [] {
    std::array<Name, kAlgorithms.size()> made;
    for (size_t i = 0; i < made.size(); ++i) made[i] = *Name::from_text(kAlgorithms[i].long_name);
    return made;
  }();
  return names.at(static_cast<size_t>(algorithm));
}

unsigned mac_size(TsigAlgorithm algorithm) { return properties(algorithm).mac_size; }

// ---- secrets ----

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  octets_ = std::move(other.octets_);
  return *this;
}

void Secret::wipe() { OPENSSL_cleanse(octets_.data(), octets_.size()); }

Secret decode_secret(std::string_view base64) {
  const unsigned padding = check_base64(base64);
  Octets octets(base64.size() / 4 * 3);
  const auto* text = reinterpret_cast<const unsigned char*>(base64.data());
  if (EVP_DecodeBlock(octets.data(), text, static_cast<int>(base64.size())) < 0) openssl_failed("EVP_DecodeBlock");
  octets.erase(octets.end() - padding, octets.end());  // decoded as zeros
  return Secret(std::move(octets));
}

std::string encode_secret(const Secret& secret) {
  const Bytes octets = secret.bytes();
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets.data(), static_cast<int>(octets.size()));
  text.pop_back();
  return text;
}

Secret random_secret(TsigAlgorithm algorithm) {
  Octets octets(mac_size(algorithm));
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) openssl_failed("RAND_bytes");
  return Secret(std::move(octets));
}

// ---- keys ----

void Hmac::Free::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

Hmac::Context Hmac::keyed(TsigAlgorithm algorithm, Bytes secret) {
  const std::unique_ptr<EVP_MAC, void (*)(EVP_MAC*)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), &EVP_MAC_free);
  if (!mac) openssl_failed("EVP_MAC_fetch");
  Context context(EVP_MAC_CTX_new(mac.get()));
  if (!context) openssl_failed("EVP_MAC_CTX_new");
  std::string digest = properties(algorithm).digest;
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                              OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context.get(), secret.data(), secret.size(), parameters.data()) != 1) openssl_failed("EVP_MAC_init");
  return context;
}

void Hmac::add(Bytes octets) {
  if (EVP_MAC_update(context_.get(), octets.data(), octets.size()) != 1) openssl_failed("EVP_MAC_update");
}

Octets Hmac::finish() {
  Octets mac(EVP_MAC_CTX_get_mac_size(context_.get()));
  size_t size = 0;
  if (EVP_MAC_final(context_.get(), mac.data(), &size, mac.size()) != 1) openssl_failed("EVP_MAC_final");
  return mac;
}

void Hmac::restart() {
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1) openssl_failed("EVP_MAC_init");
}

TsigKey::TsigKey(Name name, TsigAlgorithm algorithm, Secret secret, Md5 md5)
    : name_(std::move(name)), algorithm_(algorithm), secret_(std::move(secret)) {
  if (secret_.bytes().empty()) throw std::invalid_argument("the secret of key " + name_.to_text() + " is empty");
  if (algorithm_ == TsigAlgorithm::hmac_md5 && md5 == Md5::refused) {
    throw std::invalid_argument("key " + name_.to_text() + " uses hmac-md5, which is broken and has not been allowed");
  }
  keyed_ = Hmac::keyed(algorithm_, secret_.bytes());
}

Hmac TsigKey::hmac() const {
  Hmac::Context copy(EVP_MAC_CTX_dup(keyed_.get()));
  if (!copy) openssl_failed("EVP_MAC_CTX_dup");
  return Hmac(std::move(copy));
}

KeyRing::KeyRing(std::vector<TsigKeyRef> keys) : keys_(std::move(keys)) {
  std::sort(keys_.begin(), keys_.end(),
            [](const TsigKeyRef& a, const TsigKeyRef& b) { return zones::canonical_order(a->name(), b->name()) < 0; });
  const auto twin = std::adjacent_find(keys_.begin(), keys_.end(),
                                       [](const TsigKeyRef& a, const TsigKeyRef& b) { return a->name() == b->name(); });
  if (twin != keys_.end()) throw std::invalid_argument("there are two keys " + (*twin)->name().to_text());
}

TsigKeyRef KeyRing::find(NameView name) const {
  const auto at = std::lower_bound(keys_.begin(), keys_.end(), name, [](const TsigKeyRef& key, NameView wanted) {
    return zones::canonical_order(key->name(), wanted) < 0;
  });
  return at != keys_.end() && (*at)->name().view().equals(name) ? *at : nullptr;
}

}  // namespace axfrd::control

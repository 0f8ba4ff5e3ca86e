// TSIG keys (RFC 8945): name, algorithm and secret; and KeyRing, which finds a key by its name.
//
// A secret is wiped from memory when its key is destroyed. Only signing and the store use it: no log and no show
// command may print it.
//
// Threads. Rings and keys are immutable, except for the time of a key's last use. Any thread may use a key that it
// holds by shared_ptr.
// Errors. std::invalid_argument for what an operator may have mistyped. Its text is a sentence for the operator, and
// never quotes a secret. std::runtime_error when OpenSSL fails.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zones/wire/name.h"

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace axfrd::control {

using Octets = std::vector<uint8_t>;

// ---- algorithms ----

enum class TsigAlgorithm : uint8_t { hmac_md5, hmac_sha1, hmac_sha224, hmac_sha256, hmac_sha384, hmac_sha512 };
constexpr TsigAlgorithm kDefaultTsigAlgorithm = TsigAlgorithm::hmac_sha256;

// "hmac-sha256" and so on, in any case, with or without the final dot; HMAC-MD5 also by its long name,
// "hmac-md5.sig-alg.reg.int". Throws std::invalid_argument.
TsigAlgorithm parse_tsig_algorithm(std::string_view text);
// What parse_tsig_algorithm() reads, in lower case: "hmac-sha256".
std::string_view to_text(TsigAlgorithm algorithm);
// Its name in TSIG records (RFC 8945 §6).
zones::NameView wire_name(TsigAlgorithm algorithm);
// Octets of a MAC that is not truncated.
unsigned mac_size(TsigAlgorithm algorithm);

// ---- secrets ----

// Octets that are wiped when they are destroyed or replaced.
class Secret {
 public:
  explicit Secret(Octets octets) : octets_(std::move(octets)) {}
  ~Secret() { wipe(); }
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&& other) noexcept;
  zones::Bytes bytes() const { return octets_; }

 private:
  void wipe();
  Octets octets_;
};

// From base64 with its padding (RFC 4648 §4). Throws std::invalid_argument.
Secret decode_secret(std::string_view base64);
// To base64. For the store, and to show a new secret once to the operator who had it made.
std::string encode_secret(const Secret& secret);
// Has as many octets as a MAC, as RFC 2104 §3 advises.
Secret random_secret(TsigAlgorithm algorithm = kDefaultTsigAlgorithm);

// ---- keys ----

// An HMAC (RFC 2104) in progress.
class Hmac {
 public:
  void add(zones::Bytes octets);
  Octets finish();
  // Begins another MAC under the same key. @pre finished
  void restart();

 private:
  friend class TsigKey;
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_mac_ctx_st, Free>;
  explicit Hmac(Context context) : context_(std::move(context)) {}
  static Context keyed(TsigAlgorithm algorithm, zones::Bytes secret);

  Context context_;
};

// RFC 8945 §6: HMAC-MD5 must not be used. An old secondary may support nothing else, so an operator can allow it.
enum class Md5 : bool { refused, allowed };

class TsigKey {
 public:
  // Throws std::invalid_argument if the secret is empty or the algorithm refused.
  TsigKey(zones::Name name, TsigAlgorithm algorithm, Secret secret, Md5 md5 = Md5::refused);

  const zones::Name& name() const { return name_; }
  TsigAlgorithm algorithm() const { return algorithm_; }
  const Secret& secret() const { return secret_; }

  // Begins a MAC under this key.
  Hmac hmac() const;

  // When a message signed with this key last arrived, in seconds since 1970; 0: none since the key was loaded. Any
  // thread.
  uint64_t last_used() const { return last_used_.load(std::memory_order_relaxed); }
  void note_use(uint64_t now) const { last_used_.store(now, std::memory_order_relaxed); }

 private:
  zones::Name name_;
  TsigAlgorithm algorithm_;
  Secret secret_;
  Hmac::Context keyed_;  // copied for each Hmac, which saves hashing the secret each time
  mutable std::atomic<uint64_t> last_used_{0};
};

using TsigKeyRef = std::shared_ptr<const TsigKey>;

class KeyRing {
 public:
  KeyRing() = default;
  // Throws std::invalid_argument if two keys have one name.
  explicit KeyRing(std::vector<TsigKeyRef> keys);

  // Null if there is none. Names are compared without regard to case (RFC 4343).
  TsigKeyRef find(zones::NameView name) const;
  // In canonical order of their names.
  const std::vector<TsigKeyRef>& keys() const { return keys_; }

 private:
  std::vector<TsigKeyRef> keys_;
};

using KeyRingRef = std::shared_ptr<const KeyRing>;

}  // namespace axfrd::control

#include "zones/wire/nsec3.h"

#include <algorithm>
#include <bit>

namespace axfrd::zones {
namespace {

constexpr unsigned kBlock = 64;

// FIPS 180-4 §6.1.2
void digest_block(std::array<uint32_t, 5>& state, const uint8_t* block) {
  std::array<uint32_t, 80> w;
  for (unsigned t = 0; t < 16; ++t) w[t] = load32(block + 4 * t);
  for (unsigned t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  const auto round = [&](uint32_t f, uint32_t k, uint32_t word) {
    const uint32_t next = std::rotl(a, 5) + f + e + k + word;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  };
  for (unsigned t = 0; t < 20; ++t) round((b & c) ^ (~b & d), 0x5A827999, w[t]);
  for (unsigned t = 20; t < 40; ++t) round(b ^ c ^ d, 0x6ED9EBA1, w[t]);
  for (unsigned t = 40; t < 60; ++t) round((b & c) ^ (b & d) ^ (c & d), 0x8F1BBCDC, w[t]);
  for (unsigned t = 60; t < 80; ++t) round(b ^ c ^ d, 0xCA62C1D6, w[t]);
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

constexpr size_t kNsec3Salt = 5;  // behind algorithm, flags, iterations and the salt's length (RFC 5155 §3.2, §4.2)

// The salt; nothing if the RDATA is cut short.
std::optional<Bytes> salt_of(Bytes rdata) {
  if (rdata.size() < kNsec3Salt || rdata.size() < kNsec3Salt + rdata[4]) return std::nullopt;
  return rdata.subspan(kNsec3Salt, rdata[4]);
}

}  // namespace

std::optional<ChainId> nsec3_chain(Bytes rdata) {
  const auto salt = salt_of(rdata);
  if (!salt) return std::nullopt;
  ChainId id = 0xCBF29CE484222325;  // FNV-1a
  const auto mix = [&id](uint8_t octet) { id = (id ^ octet) * 0x100000001B3; };
  mix(rdata[0]);
  mix(rdata[2]);
  mix(rdata[3]);
  for (const uint8_t octet : *salt) mix(octet);
  return id > kNsecChain ? id : ~id;  // 0 is no chain
}

std::optional<Nsec3Parameters> nsec3_parameters(Bytes rdata) {
  constexpr uint8_t sha1_algorithm = 1;
  const auto salt = salt_of(rdata);
  if (!salt || rdata[0] != sha1_algorithm || rdata[1] != 0) return std::nullopt;
  const unsigned iterations = load16(&rdata[2]);
  if (iterations > kMaxNsec3Iterations) return std::nullopt;
  return Nsec3Parameters{iterations, *salt};
}

Sha1 sha1(Bytes first, Bytes second) {
  std::array<uint32_t, 5> state{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  std::array<uint8_t, kBlock> block;
  unsigned used = 0;
  const auto put = [&](uint8_t octet) {
    block[used++] = octet;
    if (used < kBlock) return;
    digest_block(state, block.data());
    used = 0;
  };
  for (const uint8_t octet : first) put(octet);
  for (const uint8_t octet : second) put(octet);
  put(0x80);
  while (used != kBlock - 8) put(0);
  const uint64_t bits = 8 * (first.size() + second.size());
  for (unsigned shift = 64; shift > 0; shift -= 8) put(static_cast<uint8_t>(bits >> (shift - 8)));
  Sha1 digest;
  for (unsigned i = 0; i < state.size(); ++i) store32(digest.data() + 4 * i, state[i]);
  return digest;
}

std::string nsec3_octets(const Nsec3Label& label) {
  std::string octets;
  unsigned bits = 0, value = 0;
  for (unsigned i = 1; i < label.size(); ++i) {
    const unsigned digit = label[i] <= '9' ? label[i] - '0' : label[i] - 'a' + 10U;
    value = ((value << 5) | digit) & 0xFFFF;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets += static_cast<char>(value >> bits);
  }
  return octets;
}

Nsec3Label nsec3_label(NameView name, const Nsec3Parameters& parameters) {
  std::array<uint8_t, kMaxName> folded;
  std::ranges::transform(name.bytes(), folded.begin(), fold);
  Sha1 digest = sha1({folded.data(), name.size()}, parameters.salt);
  for (unsigned i = 0; i < parameters.iterations; ++i) digest = sha1(digest, parameters.salt);
  Nsec3Label label{kNsec3Label};
  for (unsigned i = 0; i < kNsec3Label; ++i) {  // five bits a letter (RFC 4648 §7)
    const unsigned bit = 5 * i, octet = bit / 8;
    const unsigned pair = digest[octet] * 256U + (octet + 1 < kSha1Size ? digest[octet + 1] : 0U);
    label[1 + i] = static_cast<uint8_t>("0123456789abcdefghijklmnopqrstuv"[(pair >> (11 - bit % 8)) & 31]);
  }
  return label;
}

}  // namespace axfrd::zones

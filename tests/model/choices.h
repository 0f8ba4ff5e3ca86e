// Where made-up things get their choices from: a seed, for tests; the octets of an input, for fuzzers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace axfrd::model {

class Choices {
 public:
  virtual ~Choices() = default;

  // A number below `limit`. @pre limit > 0
  virtual uint32_t below(uint32_t limit) = 0;

  bool one_in(uint32_t n) { return below(n) == 0; }
  uint32_t between(uint32_t least, uint32_t most) { return least + below(most - least + 1); }
  template <class T, size_t N>
  const T& of(const T (&list)[N]) {
    return list[below(N)];
  }
  std::string octets(size_t size) {
    std::string octets(size, '\0');
    for (char& octet : octets) octet = static_cast<char>(below(256));
    return octets;
  }
};

// The same choices for the same seed.
class SeededChoices : public Choices {
 public:
  explicit SeededChoices(uint32_t seed) : random_(seed) {}
  uint32_t below(uint32_t limit) override { return static_cast<uint32_t>(random_()) % limit; }

 private:
  std::mt19937 random_;
};

// Behind the end of the input, every choice is 0.
class OctetChoices : public Choices {
 public:
  OctetChoices(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  uint32_t below(uint32_t limit) override {
    uint32_t number = 0;
    for (uint32_t most = limit - 1; most > 0; most >>= 8) number = number << 8 | octet();
    return number % limit;
  }

 private:
  uint32_t octet() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  const uint8_t* data_;
  size_t left_;
};

}  // namespace axfrd::model

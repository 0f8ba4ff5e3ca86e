// The driver of the fuzzers where they are tests: runs a corpus and mutations of it, the same each time.
//
// usage: fuzz_NAME DIRECTORY MUTATIONS
//
// The input that ended the process is left in fuzz_NAME.input.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/fuzz/fuzz.h"

namespace {

using Octets = std::vector<uint8_t>;

constexpr size_t kMaxSize = 4096;

std::vector<Octets> read_corpus(const char* directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Octets> corpus;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Octets>& corpus) : corpus_(corpus) {}

  Octets next() {
    Octets input = any();
    for (size_t n = 1 + below(6); n > 0; --n) change(input);
    input.resize(std::min(input.size(), kMaxSize));
    return input;
  }

 private:
  size_t below(size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const Octets& any() { return corpus_[below(corpus_.size())]; }
  uint8_t octet() {
    static constexpr uint8_t kTelling[] = {0, 1, 0x0C, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFE, 0xFF};
    return static_cast<uint8_t>(below(2) == 0 ? kTelling[below(std::size(kTelling))] : random_());
  }

  void change(Octets& input) {
    const auto at = input.begin() + static_cast<ptrdiff_t>(below(input.size() + 1));
    const auto end =
        at + static_cast<ptrdiff_t>(below(std::min<size_t>(16, static_cast<size_t>(input.end() - at)) + 1));
    switch (below(6)) {
      case 0:
        if (at != input.end()) *at = static_cast<uint8_t>(*at ^ (1U << below(8)));
        break;
      case 1:
        if (at != input.end()) *at = octet();
        break;
      case 2:
        input.insert(at, octet());
        break;
      case 3:
        input.erase(at, end);
        break;
      case 4: {
        const Octets copy(at, end);
        input.insert(input.begin() + static_cast<ptrdiff_t>(below(input.size() + 1)), copy.begin(), copy.end());
        break;
      }
      default: {  // the head of one, the tail of another
        const Octets& other = any();
        input.erase(at, input.end());
        input.insert(input.end(), other.begin() + static_cast<ptrdiff_t>(below(other.size() + 1)), other.end());
      }
    }
  }

  const std::vector<Octets>& corpus_;
  std::mt19937 random_;  // seeded with the same number each time
};

// Runs inputs, each of which stands in a file while it runs. The file stays open: to truncate and close it each time
// would wait for the disk.
class Runner {
 public:
  explicit Runner(std::string path) : path_(std::move(path)), fd_(::open(path_.c_str(), O_CREAT | O_RDWR, 0600)) {}
  ~Runner() {
    ::close(fd_);
    std::filesystem::remove(path_);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void run(const Octets& input) const {
    const bool kept = ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, input.data(), input.size(), 0) >= 0;
    axfrd::fuzz::require(kept, "an input can be kept");
    // A copy of just the size, so that AddressSanitizer sees what is read behind it.
    const Octets exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  }

 private:
  const std::string path_;
  const int fd_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s DIRECTORY MUTATIONS\n", argv[0]);
    return 2;
  }
  const std::vector<Octets> corpus = read_corpus(argv[1]);
  axfrd::fuzz::require(!corpus.empty(), "there is a corpus");
  const Runner runner{std::string(argv[0]) + ".input"};
  for (const Octets& input : corpus) runner.run(input);
  Mutator mutator(corpus);
  for (long left = std::strtol(argv[2], nullptr, 10); left > 0; --left) runner.run(mutator.next());
}

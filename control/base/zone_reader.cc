#include "control/base/zone_reader.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "control/base/descriptor.h"
#include "control/base/utf8.h"
#include "zones/text/entry_reader.h"

namespace axfrd::control {

namespace {

using zones::ZoneSource;

// What is wrong with a file, without its name.
struct FileProblem {
  std::string reason;
};

[[noreturn]] void refuse_file(const std::string& reason) { throw FileProblem{reason}; }
[[noreturn]] void refuse_by_errno() { refuse_file(std::strerror(errno)); }

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Opens a file below `directory`, and never outside.
int open_below(int directory, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const long fd = syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    // EAGAIN: somebody renamed a directory meanwhile.
    if (errno == EXDEV)
      refuse_file(
          "it is not below the directory of the file that includes it; a path there has no leading / and leaves by no "
          "..");
    if (errno != EINTR && errno != EAGAIN) refuse_by_errno();
  }
}

class Reader {
 public:
  explicit Reader(const ZoneReadOptions& options) : options_(options) {}

  ZoneSource read(const std::filesystem::path& file) {
    const Descriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | (options_.plain_only ? O_NONBLOCK : 0)));
    if (fd.get() < 0) refuse_by_errno();
    source_.parts.push_back({file.string(), text_of(fd.get(), options_.plain_only)});
    finish_part(0);
    if (has_include(source_.parts.front().text)) {
      const std::string parent = file.parent_path().empty() ? "." : file.parent_path().string();
      const Descriptor directory(open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (directory.get() < 0) refuse_by_errno();
      follow(0, directory.get(), file.parent_path());
    }
    return std::move(source_);
  }

  ZoneSource read(int fd, const std::string& name) {
    source_.parts.push_back({name, text_of(fd, false)});
    finish_part(0);
    for (const Directive& include : includes_of(source_.parts.front().text)) {
      source_.parts.front().includes.push_back(
          {include.line, 0, include.file + ": " + name + " is in no directory, so that it can include nothing"});
    }
    return std::move(source_);
  }

 private:
  struct Directive {
    uint32_t line;
    std::string file;
  };
  struct Identity {
    dev_t device;
    ino_t inode;
    bool operator==(const Identity&) const = default;
  };

  static bool has_include(std::string_view text) {
    for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
      if (zones::equals_ignoring_case(text.substr(at, kInclude.size()), kInclude)) return true;
    }
    return false;
  }

  // The $INCLUDE of a text, as the parser will see them.
  static std::vector<Directive> includes_of(std::string_view text) {
    std::vector<Directive> found;
    if (!has_include(text) || zones::encoding_problem(text)) return found;
    if (text.starts_with(zones::kByteOrderMark)) text.remove_prefix(zones::kByteOrderMark.size());
    zones::EntryReader reader(text);
    for (zones::Entry entry; reader.next(entry);) {
      if (entry.text.front() != '$') continue;
      zones::Tokens tokens(entry.text);
      if (!zones::equals_ignoring_case(tokens.next(), kInclude)) continue;
      std::string_view file = tokens.next();
      if (file.size() >= 2 && file.front() == '"' && file.back() == '"') file = file.substr(1, file.size() - 2);
      if (!file.empty()) found.push_back({entry.line, std::string(file)});
    }
    return found;
  }

  // Reads what part `index` includes. `directory` and `path` are where it stands.
  void follow(size_t index, int directory, const std::filesystem::path& path) {
    for (const auto& [line, file] : includes_of(source_.parts[index].text)) {
      const size_t depth = chain_.size(), parts = source_.parts.size();
      ZoneSource::Include include{line, 0, {}};
      try {
        include.part = include_file(directory, path, file);
      } catch (const FileProblem& problem) {
        include.problem = file + ": " + problem.reason;
        source_.parts.erase(source_.parts.begin() + static_cast<ptrdiff_t>(parts), source_.parts.end());
      }
      chain_.erase(chain_.begin() + static_cast<ptrdiff_t>(depth), chain_.end());
      source_.parts[index].includes.push_back(std::move(include));
    }
  }

  // The index of the part that was made of the file.
  size_t include_file(int directory, const std::filesystem::path& path, const std::string& file) {
    if (chain_.size() > zones::kMaxIncludeDepth)
      refuse_file("more than " + std::to_string(zones::kMaxIncludeDepth) + " files include each other in turn");
    if (source_.parts.size() == zones::kMaxParts)
      refuse_file("more than " + std::to_string(zones::kMaxParts) + " files are included");
    const Descriptor fd(open_below(directory, file, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    const size_t index = source_.parts.size();
    source_.parts.push_back({(path / file).string(), text_of(fd.get(), true)});
    finish_part(index);
    if (has_include(source_.parts[index].text)) {
      const auto parent = std::filesystem::path(file).parent_path();
      const Descriptor below(open_below(directory, parent.empty() ? "." : parent.string(), O_PATH | O_DIRECTORY));
      follow(index, below.get(), path / parent);
    }
    return index;
  }

  // The whole of an open file, which joins the chain of those that include each other.
  std::string text_of(int fd, bool plain) {
    struct stat before {};
    if (fstat(fd, &before) != 0) refuse_by_errno();
    if (plain && !S_ISREG(before.st_mode))
      refuse_file(std::string("it is ") + kind_of(before.st_mode) + ", and no plain file");
    const Identity identity{before.st_dev, before.st_ino};
    if (std::ranges::find(chain_, identity) != chain_.end())
      refuse_file("it includes itself, by way of the files that include it");
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::string text = read_all(fd, before);
      struct stat after {};
      if (fstat(fd, &after) != 0) refuse_by_errno();
      const bool changed = S_ISREG(before.st_mode) &&
                           (after.st_size != before.st_size || after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
                            after.st_mtim.tv_nsec != before.st_mtim.tv_nsec);
      if (!changed) {
        octets_ += text.size();
        chain_.push_back(identity);
        return text;
      }
      std::this_thread::sleep_for(kPause);
      before = after;
      if (lseek(fd, 0, SEEK_SET) != 0) refuse_by_errno();
    }
    refuse_file("it changes while it is read; import it when it is complete");
  }

  std::string read_all(int fd, const struct stat& status) const {
    std::string text;
    if (S_ISREG(status.st_mode)) {
      check_size(static_cast<uint64_t>(status.st_size));
      text.reserve(static_cast<size_t>(status.st_size) + kChunk);
    }
    for (;;) {
      if (options_.signs != nullptr) {
        if (options_.signs->given_up) refuse_file("reading it was given up");
        ++options_.signs->progress;
      }
      const size_t size = text.size();
      text.resize(size + kChunk);
      const ssize_t got = ::read(fd, text.data() + size, kChunk);
      text.resize(size + (got > 0 ? static_cast<size_t>(got) : 0));
      if (got == 0) return text;
      if (got < 0 && errno != EINTR) refuse_by_errno();
      check_size(text.size());
    }
  }

  void check_size(uint64_t octets) const {
    if (octets_ + octets > zones::kMaxZoneOctets)
      refuse_file("a zone file, with what it includes, may have 1 GiB at most");
  }

  // Says what cannot be said of the text once it is on its way as UTF-8.
  void finish_part(size_t index) {
    ZoneSource::Part& part = source_.parts[index];
    if (auto problem = zones::encoding_problem(part.text)) refuse_file(*problem);
    if (const auto at = find_non_utf8(part.text)) {
      part.remark_line = static_cast<uint32_t>(
          1 + std::count(part.text.begin(), part.text.begin() + static_cast<ptrdiff_t>(*at), '\n'));
      part.remark =
          "the file is not UTF-8 (Latin-1?); octets beyond ASCII are taken as they are. An international name is "
          "written "
          "as its A-label, xn--...";
    }
  }

  static constexpr std::string_view kInclude = "$INCLUDE";
  static constexpr size_t kChunk = 64 * 1024;
  static constexpr int kAttempts = 5;
  static constexpr auto kPause = std::chrono::milliseconds(100);

  const ZoneReadOptions options_;
  ZoneSource source_;
  std::vector<Identity> chain_;
  uint64_t octets_ = 0;  // of all files so far
};

}  // namespace

zones::ZoneSource read_zone(const std::filesystem::path& file, const ZoneReadOptions& options) {
  try {
    return Reader(options).read(file);
  } catch (const FileProblem& problem) {
    throw ZoneReadError(file.string() + ": " + problem.reason);
  }
}

zones::ZoneSource read_zone(int fd, const std::string& name) {
  try {
    return Reader({}).read(fd, name);
  } catch (const FileProblem& problem) {
    throw ZoneReadError(name + ": " + problem.reason);
  }
}

}  // namespace axfrd::control

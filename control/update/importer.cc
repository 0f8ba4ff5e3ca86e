#include "control/update/importer.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <set>
#include <system_error>
#include <variant>

#include "control/base/file.h"
#include "zones/integrity.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using zones::Name;

constexpr size_t kFilesAtOnce = 64;         // parsed in one go, and committed together
constexpr size_t kOctetsAtOnce = 4U << 20;  // unless they are large

std::vector<std::filesystem::path> zone_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".zone") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

zones::VersionRef build(const zones::ZoneText& zone) {
  zones::Attributes attributes;
  if (!zone.pseudo.empty()) attributes.pseudo = std::make_shared<const std::vector<zones::PseudoRecord>>(zone.pseudo);
  return zones::ZoneVersion::build(zone.records, std::move(attributes));
}

std::variant<Updater::Import, std::string> parse(Name apex, std::string_view text, const std::string& file,
                                                 Importer::DirectoryOptions options) {
  auto parsed = zones::parse_zone(text, apex, file);
  if (const auto* error = std::get_if<zones::ZoneFileError>(&parsed)) return error->to_text();
  auto& zone = std::get<zones::ZoneText>(parsed);
  zones::VersionRef fresh = build(zone);
  for (const std::string& fault : zones::find_faults(*fresh)) zone.warnings.add(0, fault);
  return Updater::Import{std::move(apex),       std::move(zone), std::move(fresh), file,
                         options.only_if_newer, options.strict};
}

}  // namespace

Importer::Importer(Updater& updater, unsigned threads, const Log& log)
    : updater_(updater), threads_(threads), log_(log), pool_(std::in_place, threads) {}

Importer::~Importer() { stop(); }

void Importer::stop() {
  if (!pool_) return;
  stopping_ = true;
  pool_->stop();
  pool_->join();
  pool_.reset();
}

Importer::Progress Importer::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void Importer::import_text(Text zone, Done<Updater::Imported> done) {
  asio::post(*pool_, [this, zone = std::move(zone), done = std::move(done)] {
    try {
      auto parsed = parse(zone.apex, zone.text, zone.file, {false, zone.strict});
      if (auto* reason = std::get_if<std::string>(&parsed))
        return done(Failure{FailureCode::bad_zone, std::move(*reason)});
      updater_.import_zone(std::move(std::get<Updater::Import>(parsed)), done);
    } catch (const std::exception& error) {  // no memory
      done(Failure{FailureCode::failed, error.what()});
    }
  });
}

// One directory being imported: as many chains of work as there are threads, and one more each so that parsing goes on
// while the store is synced. A link parses some files, hands them to the updater, and when those are committed the next
// link begins.
class Importer::Directory : public std::enable_shared_from_this<Directory> {
 public:
  Directory(Importer& importer, DirectoryOptions options, Done<Loaded> done)
      : importer_(importer), options_(options), done_(std::move(done)) {}

  void begin(const std::filesystem::path& directory) {
    try {
      list(directory);
    } catch (const std::exception& error) {
      return done_(Failure{FailureCode::failed, error.what()});
    }
    const std::lock_guard lock(mutex_);
    report();
    chains_ = 2 * importer_.threads_;
    for (unsigned i = 0; i < chains_; ++i) post_link();
  }

 private:
  struct File {
    std::filesystem::path path;
    Name apex;
  };

  void list(const std::filesystem::path& directory) {
    std::set<std::string> apexes;  // sort keys: names fold case
    for (const auto& path : zone_files(directory)) {
      ++result_.count.files;
      const auto apex = Name::from_text(path.stem().string());
      if (!apex) {
        skip(path.string() + ": its name, less .zone, is not the name of a zone");
      } else if (!apexes.insert(zones::sort_key(*apex)).second) {
        skip(path.string() + ": the zone is in another file too");
      } else {
        files_.push_back({path, *apex});
      }
    }
  }

  void post_link() {
    asio::post(*importer_.pool_, [self = shared_from_this()] { self->link(); });
  }
  void link() {
    if (importer_.stopping_) return;
    std::vector<Updater::Import> zones;
    std::vector<std::string> bad;
    size_t octets = 0;
    for (const File* file = take(); file != nullptr; file = take()) {
      octets += load(*file, zones, bad);
      if (zones.size() == kFilesAtOnce || octets > kOctetsAtOnce) break;
    }
    {
      const std::lock_guard lock(mutex_);
      for (std::string& reason : bad) skip(std::move(reason));
      if (zones.empty()) return end_chain();
    }
    using Outcomes = std::vector<Outcome<Updater::Imported>>;
    importer_.updater_.import_zones(
        std::move(zones), [self = shared_from_this()](const Outcome<Outcomes>& outcomes) { self->note(outcomes); });
  }

  const File* take() {
    const size_t i = next_++;
    return i < files_.size() ? &files_[i] : nullptr;
  }
  // The octets of the file.
  size_t load(const File& file, std::vector<Updater::Import>& zones, std::vector<std::string>& bad) const {
    try {
      const std::string text = read_file(file.path);
      auto parsed = parse(file.apex, text, file.path.string(), options_);
      if (auto* reason = std::get_if<std::string>(&parsed)) {
        bad.push_back(std::move(*reason));
      } else {
        zones.push_back(std::move(std::get<Updater::Import>(parsed)));
      }
      return text.size();
    } catch (const std::system_error& error) {
      bad.emplace_back(error.what());
      return 0;
    }
  }

  // ---- with mutex_ held, or before the first link ----
  void skip(std::string reason) {
    importer_.log_.error(reason);
    ++result_.count.failed;
    if (result_.errors.size() < kMaxTold) result_.errors.push_back(std::move(reason));
  }
  void tell(const zones::Warnings& warnings) {
    for (const std::string& text : warnings.texts()) {
      if (result_.warnings.size() < kMaxTold) {
        importer_.log_.warning(text);
        result_.warnings.push_back(text);
      } else {
        ++result_.warnings_left_out;
      }
    }
    result_.warnings_left_out += warnings.left_out();
  }
  void report() {
    {
      const std::lock_guard lock(importer_.mutex_);
      importer_.progress_ = result_.count;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_report_ < std::chrono::seconds(1)) return;
    last_report_ = now;
    importer_.log_.info("importing zones: ", result_.count.done(), " of ", result_.count.files);
  }
  void end_chain() {
    if (--chains_ != 0) return;
    report();
    if (result_.warnings_left_out != 0)
      importer_.log_.warning(result_.warnings_left_out, " more warnings; zone import FILE shows those of a file");
    done_(failure_ ? Outcome<Loaded>(*failure_) : Outcome<Loaded>(std::move(result_)));
  }

  // In the updater's thread.
  void note(const Outcome<std::vector<Outcome<Updater::Imported>>>& outcomes) {
    const std::lock_guard lock(mutex_);
    if (const auto* failure = std::get_if<Failure>(&outcomes)) {  // the store's fault, not a file's: go no further
      failure_ = *failure;
      next_ = files_.size();
      return end_chain();
    }
    for (const auto& outcome : std::get<0>(outcomes)) {
      if (const auto* failure = std::get_if<Failure>(&outcome)) {
        skip(failure->reason);
        continue;
      }
      const auto& imported = std::get<Updater::Imported>(outcome);
      tell(imported.warnings);
      ++(!imported.changed     ? result_.count.unchanged
         : imported.old_serial ? result_.count.changed
                               : result_.count.added);
    }
    report();
    post_link();
  }

  Importer& importer_;
  const DirectoryOptions options_;
  const Done<Loaded> done_;
  std::vector<File> files_;
  std::atomic<size_t> next_{0};  // in files_

  std::mutex mutex_;  // guards what follows
  unsigned chains_ = 0;
  Loaded result_;
  std::optional<Failure> failure_;
  std::chrono::steady_clock::time_point last_report_ = std::chrono::steady_clock::now();
};

void Importer::import_directory(std::filesystem::path directory, DirectoryOptions options, Done<Loaded> done) {
  auto work = std::make_shared<Directory>(*this, options, std::move(done));
  asio::post(*pool_, [work, directory = std::move(directory)] { work->begin(directory); });
}

}  // namespace axfrd::control

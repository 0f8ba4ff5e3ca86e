#include "control/ingest/importer.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <variant>

#include "control/base/parse_name.h"
#include "control/base/patience.h"
#include "control/base/zone_file_name.h"
#include "control/base/zone_reader.h"
#include "zones/text/file_check.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using zones::Name;

constexpr size_t kFilesAtOnce = 64;         // read by one link, and committed together
constexpr size_t kOctetsAtOnce = 4U << 20;  // octets after which a link reads no further file
constexpr size_t kLargeZone = 10'000;       // records from which on the proposal is made ahead
// The time without an octet after which a read is abandoned: the file server does not answer then.
constexpr auto kPatience = std::chrono::seconds(30);

std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory, WorkSigns& signs) {
  std::vector<std::filesystem::path> files;
  try {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      files.push_back(entry.path());
      ++signs.progress;
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw std::runtime_error(directory.string() + ": " + error.code().message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::variant<Committer::Import, std::string> parse(Name apex, const zones::ZoneSource& source,
                                                   const Importer::DirectoryOptions& options,
                                                   const std::atomic<bool>& cancelled) {
  auto parsed = zones::parse_zone(source, apex, {.cancelled = &cancelled});
  if (const auto* error = std::get_if<zones::ZoneFileError>(&parsed)) return error->to_text();
  auto& zone = std::get<zones::ZoneText>(parsed);
  zones::VersionRef fresh = zones::build_version(zone);
  for (std::string& fault : zones::place_faults(zone, *fresh)) zone.warnings.add(std::move(fault));
  const std::string& file = source.parts.front().file;
  Committer::Import request{
      std::move(apex), {std::move(zone), std::move(fresh), options.only_if_newer, options.strict}, file};
  request.revives = !options.at_start;
  request.cause = options.cause;
  request.cause.kind = "file";
  request.cause.detail = file;
  request.review = options.review;
  return request;
}

std::string out_of_memory(const std::filesystem::path& file) {
  return file.string() + ": there is not enough memory for the zone";
}

// "a, b, c and 7 more"
std::string some_of(const Importer::Told& names) {
  constexpr size_t kShown = 10;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, names.texts.size()); ++i) text += (i == 0 ? "" : ", ") + names.texts[i];
  const size_t more = names.texts.size() + names.left_out - std::min(kShown, names.texts.size());
  return more == 0 ? text : text + " and " + std::to_string(more) + " more";
}

}  // namespace

bool Importer::Told::add(std::string text) {
  if (texts.size() == kMost) {
    ++left_out;
    return false;
  }
  texts.push_back(std::move(text));
  return true;
}

Importer::Importer(Committer& committer, unsigned threads, const Log& log)
    : committer_(committer), threads_(threads), log_(log), pool_(std::in_place, threads) {}

Importer::~Importer() { stop(); }

void Importer::stop() {
  if (!pool_) return;
  stopping_ = true;
  pool_->stop();
  pool_->join();
  pool_.reset();
}

Importer::Progress Importer::progress() const {
  const dataplane::Lock lock(mutex_);
  return progress_;
}

void Importer::import_text(Text zone, Done<Committer::Imported> done) {
  asio::post(*pool_, [this, zone = std::move(zone), done = std::move(done)] {
    try {
      DirectoryOptions options;
      options.strict = zone.strict;
      options.cause = zone.cause;
      options.review = zone.review;
      auto parsed = parse(zone.apex, zone.source, options, stopping_);
      if (auto* reason = std::get_if<std::string>(&parsed))
        return done(Failure{FailureCode::bad_zone, std::move(*reason)});
      auto zones = std::make_shared<Zones>();
      zones->push_back(std::move(std::get<Committer::Import>(parsed)));
      propose_ahead(zones, 0, [this, zones, done] { committer_.import_zone(std::move(zones->front()), done); });
    } catch (const std::bad_alloc&) {
      done(Failure{FailureCode::failed, out_of_memory(zone.source.parts.front().file)});
    }
  });
}

// For a large zone that exists already, finds the difference in this thread, because other changes wait for the
// committer's thread. If a proposal fails here, the committer makes it again and reports the failure.
void Importer::propose_ahead(const std::shared_ptr<Zones>& zones, size_t from, std::function<void()> then) {
  while (from < zones->size() && (*zones)[from].content.text.records.size() < kLargeZone) ++from;
  if (from == zones->size()) return then();
  const auto propose = [this, zones, from, then = std::move(then)](const Outcome<Committer::Base>& outcome) {
    const auto* base = std::get_if<Committer::Base>(&outcome);
    Committer::Import& zone = (*zones)[from];
    if (base != nullptr && base->version) {
      try {
        auto made = propose_content(base->version, zone.content, base->rules);
        if (auto* proposal = std::get_if<Proposal>(&made)) zone.made_ahead = std::move(*proposal);
      } catch (const std::bad_alloc&) {  // the committer reports it
      }
    }
    propose_ahead(zones, from + 1, then);
  };
  committer_.base_of((*zones)[from].apex, (*zones)[from].cause,
                     [this, propose](const Outcome<Committer::Base>& outcome) {
                       asio::post(*pool_, [propose, outcome] { propose(outcome); });
                     });
}

// The import of one directory. There are two chains of work for each thread, so that parsing goes on while the store is
// synced. A link of a chain reads and parses some files and passes them to the committer. When they are committed, the
// next link begins.
class Importer::Directory : public std::enable_shared_from_this<Directory> {
 public:
  Directory(Importer& importer, std::filesystem::path directory, DirectoryOptions options, Done<Loaded> done)
      : importer_(importer), directory_(std::move(directory)), options_(std::move(options)), done_(std::move(done)) {}

  void begin() {
    const dataplane::Lock lock(mutex_);  // nobody else is there yet
    try {
      const auto paths = with_patience<std::vector<std::filesystem::path>>(
          kPatience, importer_.stopping_,
          [directory = directory_](WorkSigns& signs) { return files_in(directory, signs); });
      if (importer_.stopping_) return;
      if (!paths) {
        give_up(directory_);
        return done_(failure_ ? Outcome<Loaded>(*failure_) : Outcome<Loaded>(result_));
      }
      for (const auto& path : *paths) list(path);
    } catch (const std::exception& error) {
      return done_(Failure{FailureCode::failed, error.what()});
    }
    for (auto& [key, file] : found_) files_->list.push_back(std::move(file));
    found_.clear();
    std::ranges::sort(files_->list, {}, &File::path);
    if (!result_.passed_over.texts.empty())
      importer_.log_.info(directory_.string(), ": passed over, for their names: ", some_of(result_.passed_over));
    if (result_.count.files == 0 && !options_.at_start) return done_(Failure{FailureCode::failed, no_files()});
    report();
    chains_ = 2 * importer_.threads_;
    for (unsigned i = 0; i < chains_; ++i) post_link();
  }

 private:
  struct File {
    std::filesystem::path path;
    Name apex;
  };
  struct Files {
    std::vector<File> list;
    std::atomic<size_t> next{0};
  };
  struct Read {
    Name apex;
    std::variant<zones::ZoneSource, std::string> content;  // or why it cannot be read
  };

  void list(const std::filesystem::path& path) REQUIRES(mutex_) {
    const std::string name = path.filename().string();
    const auto zone = options_.at_start ? zone_of_file(name) : zone_of_any_file(name);
    if (!zone) {
      result_.passed_over.add(name);
      return;
    }
    ++result_.count.files;
    try {
      Name apex = parse_name(*zone);
      const std::string key = zones::sort_key(apex);
      const auto twin = found_.find(key);
      if (twin == found_.end() && !doubled_.contains(key)) {
        found_.emplace(key, File{path, std::move(apex)});
        return;
      }
      // It is not known which of them is meant.
      if (twin != found_.end()) {
        doubled_.emplace(key, twin->second.path);
        found_.erase(twin);
        skip(doubled_.at(key).string() + ": the zone " + apex.to_text() + " is in " + path.string() +
             ", too; neither is imported");
      }
      skip(path.string() + ": the zone " + apex.to_text() + " is in " + doubled_.at(key).string() +
           ", too; neither is imported");
    } catch (const std::invalid_argument& error) {
      skip(path.string() + ": the file is named after no zone: " + error.what());
    }
  }

  std::string no_files() const REQUIRES(mutex_) {
    std::string text = directory_.string() + ": there is no zone file; they are named NAME.zone, db.NAME or NAME.db";
    if (!result_.passed_over.texts.empty()) text += "; there are " + some_of(result_.passed_over);
    return text;
  }

  void post_link() {
    asio::post(*importer_.pool_, [self = shared_from_this()] { self->link(); });
  }
  void link() {
    const auto current = std::make_shared<std::atomic<size_t>>(0);
    std::optional<std::vector<Read>> reads;
    try {
      reads = with_patience<std::vector<Read>>(
          kPatience, importer_.stopping_,
          [files = files_, current](WorkSigns& signs) { return read_some(*files, *current, signs); });
    } catch (const std::system_error& error) {  // no thread
      const dataplane::Lock lock(mutex_);
      failure_ = Failure{FailureCode::failed, std::string("no thread to read files: ") + error.code().message()};
      files_->next = files_->list.size();
      return end_chain();
    }
    if (importer_.stopping_) return;
    if (!reads) {
      const dataplane::Lock lock(mutex_);
      give_up(files_->list[*current].path);
      return end_chain();
    }
    auto zones = std::make_shared<Zones>();
    std::vector<std::string> bad;
    for (Read& read : *reads) load(read, *zones, bad);
    if (importer_.stopping_) return;
    {
      const dataplane::Lock lock(mutex_);
      for (const std::string& reason : bad) skip(reason);
      if (zones->empty()) {
        if (reads->empty()) return end_chain();
        report();
        return post_link();
      }
    }
    importer_.propose_ahead(zones, 0, [self = shared_from_this(), zones] {
      using Outcomes = std::vector<Outcome<Committer::Imported>>;
      self->importer_.committer_.import_zones(std::move(*zones),
                                              [self](const Outcome<Outcomes>& outcomes) { self->note(outcomes); });
    });
  }

  // Reads the next files. It runs in a thread that may be abandoned, and so uses nothing but its arguments.
  static std::vector<Read> read_some(Files& files, std::atomic<size_t>& current, WorkSigns& signs) {
    std::vector<Read> reads;
    size_t octets = 0;
    while (reads.size() < kFilesAtOnce && octets < kOctetsAtOnce) {
      const size_t i = files.next++;
      if (i >= files.list.size()) break;
      current = i;
      const File& file = files.list[i];
      try {
        reads.push_back({file.apex, read_zone(file.path, {.signs = &signs})});
        for (const auto& part : std::get<zones::ZoneSource>(reads.back().content).parts) octets += part.text.size();
      } catch (const std::bad_alloc&) {
        reads.push_back({file.apex, out_of_memory(file.path)});
      } catch (const std::exception& error) {
        reads.push_back({file.apex, error.what()});
      }
    }
    return reads;
  }

  void load(Read& read, Zones& zones, std::vector<std::string>& bad) const {
    if (auto* reason = std::get_if<std::string>(&read.content)) return bad.push_back(std::move(*reason));
    const auto source = std::move(std::get<zones::ZoneSource>(read.content));
    try {
      auto parsed = parse(read.apex, source, options_, importer_.stopping_);
      if (auto* reason = std::get_if<std::string>(&parsed)) return bad.push_back(std::move(*reason));
      zones.push_back(std::move(std::get<Committer::Import>(parsed)));
      zones.back().is_one_of_many = true;
    } catch (const std::bad_alloc&) {
      bad.push_back(out_of_memory(source.parts.front().file));
    }
  }

  void skip(const std::string& reason) REQUIRES(mutex_) {
    ++result_.count.failed;
    // A zone that is refused for warnings has a line for each warning.
    for (size_t begin = 0; begin < reason.size();) {
      const size_t end = std::min(reason.find('\n', begin), reason.size());
      const std::string line = reason.substr(begin, end - begin);
      if (result_.errors.add(line)) importer_.log_.error(line);
      begin = end + 1;
    }
  }
  void tell(const zones::Warnings& warnings) REQUIRES(mutex_) {
    for (const std::string& text : warnings.texts()) {
      if (result_.warnings.add(text)) importer_.log_.warning(text);
    }
    result_.warnings.left_out += warnings.left_out();
  }
  // Ends the import, because the other files can probably not be read either. At the start of axfrd, the zones of the
  // store are served all the same.
  void give_up(const std::filesystem::path& path) REQUIRES(mutex_) {
    std::string reason = path.string() + ": nothing came for " + std::to_string(kPatience.count()) +
                         " s; the import ends here, and what it did so far stays";
    files_->next = files_->list.size();
    if (options_.at_start) return skip(reason);
    failure_ = Failure{FailureCode::timed_out, std::move(reason)};
  }
  void report() REQUIRES(mutex_) {
    {
      const dataplane::Lock lock(importer_.mutex_);
      importer_.progress_ = result_.count;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_report_ < std::chrono::seconds(1)) return;
    last_report_ = now;
    importer_.log_.info("importing zones: ", result_.count.done(), " of ", result_.count.files);
  }
  void end_chain() REQUIRES(mutex_) {
    if (--chains_ != 0) return;
    report();
    if (result_.errors.left_out != 0) importer_.log_.error(result_.errors.left_out, " more errors");
    if (result_.warnings.left_out != 0)
      importer_.log_.warning(result_.warnings.left_out, " more warnings; zone import FILE tells those of a file");
    done_(failure_ ? Outcome<Loaded>(*failure_) : Outcome<Loaded>(std::move(result_)));
  }

  // In the committer's thread.
  void note(const Outcome<std::vector<Outcome<Committer::Imported>>>& outcomes) {
    const dataplane::Lock lock(mutex_);
    if (const auto* failure = std::get_if<Failure>(&outcomes)) {  // the store failed: end the import
      failure_ = *failure;
      files_->next = files_->list.size();
      return end_chain();
    }
    for (const auto& outcome : std::get<0>(outcomes)) {
      if (const auto* failure = std::get_if<Failure>(&outcome)) {
        skip(failure->reason);
        continue;
      }
      const auto& imported = std::get<Committer::Imported>(outcome);
      tell(imported.warnings);
      ++(!imported.changed     ? result_.count.unchanged
         : imported.old_serial ? result_.count.changed
                               : result_.count.added);
    }
    report();
    post_link();
  }

  Importer& importer_;
  const std::filesystem::path directory_;
  const DirectoryOptions options_;
  const Done<Loaded> done_;
  std::map<std::string, File> found_;                     // while files are listed; by sort key of the apex
  std::map<std::string, std::filesystem::path> doubled_;  // zones with several files; one of the files of each
  std::shared_ptr<Files> files_ = std::make_shared<Files>();

  dataplane::Mutex mutex_;
  unsigned chains_ GUARDED_BY(mutex_) = 0;
  Loaded result_ GUARDED_BY(mutex_);
  std::optional<Failure> failure_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point last_report_ GUARDED_BY(mutex_) = std::chrono::steady_clock::now();
};

void Importer::import_directory(std::filesystem::path directory, DirectoryOptions options, Done<Loaded> done) {
  auto work = std::make_shared<Directory>(*this, std::move(directory), std::move(options), std::move(done));
  asio::post(*pool_, [work] { work->begin(); });
}

}  // namespace axfrd::control

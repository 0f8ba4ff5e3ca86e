#include "control/store/store.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "control/base/unix_time.h"
#include "control/store/batch.h"
#include "control/store/redo_log_6.h"
#include "control/store/store_format.h"
#include "zones/disk/tagged.h"
#include "zones/wire/number.h"
#include "zones/wire/serial.h"

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::bytes_of;
using zones::text_of;
using zones::ZoneVersion;

constexpr size_t kPartSize = 4;                         // of a key: page id or serial, behind the apex
constexpr uint32_t kOrder = 0xFFFFFFFF;                 // the order value's place among the pages; no page has this id
constexpr std::string_view kLog = "log";                // the position of the database in the redo log
constexpr std::string_view kGeneration = "generation";  // the same until format 6
// The value of kGeneration now, so that an axfrd of format 6 refuses the store as a whole instead of each zone.
constexpr std::string_view kNoGeneration = "see log";
constexpr auto kTryAgain = std::chrono::milliseconds(500);
// While the database is copied for a backup, there is no checkpoint. Meanwhile the redo log may hold this many octets,
// even beyond its capacity. If that is not enough, changes wait this long for the copy.
constexpr size_t kBesideBackup = size_t{256} << 20;
constexpr auto kPatienceWithBackup = std::chrono::seconds(1);

// The failure was reported before, and it is too early to try again.
struct KnownTrouble : StoreError {
  using StoreError::StoreError;
};
constexpr size_t kSpareSpace = 64 * 1024;  // space that a database transaction may need besides its values

// The tables of settings until format 6, and the kinds that these settings have now.
struct OldTable {
  StoreTable table;
  char kind;
};
constexpr std::array<OldTable, 2> kOldTables{OldTable{StoreTable::keys, 'k'}, OldTable{StoreTable::providers, 'p'}};
constexpr const char* kOldCookies = "cookies";  // in the table meta
constexpr char kCookies = 'c';

std::string name_key(zones::NameView name) {
  std::string key;
  for (const uint8_t octet : name.bytes()) key += static_cast<char>(zones::fold(octet));
  return key;
}

// The key of a page (`part`: its id) or of a step (`part`: the serial before it). No apex is a prefix of another,
// because each ends in the root label.
std::string part_key(const std::string& apex, uint32_t part) {
  std::string key = apex;
  key.resize(apex.size() + kPartSize);
  zones::store32(reinterpret_cast<uint8_t*>(key.data()) + apex.size(), part);
  return key;
}

enum class LogTag : uint16_t {
  generation = 1,
  records,
  checksum,
  octets,
  clean,
  store,
  recovery,
  recovered_at,
  backup_time,
  settings_sum
};

void put_format(Writer& writer) {
  writer.put(StoreTable::meta, kFormatKey, format_text());
  writer.put(StoreTable::meta, kGeneration, kNoGeneration);
}

// The last generation of the redo log that the database holds, in format 6.
uint64_t old_generation(const Database::Snapshot& snapshot) {
  Bytes value;
  if (!snapshot.get(StoreTable::meta, kGeneration, value)) return 0;
  if (const auto generation = zones::number_in<uint64_t>(text_of(value))) return *generation;
  throw std::invalid_argument("what it says of its redo log is no number");
}

// The content of a setting or of a line of the ledger. It is sealed; until format 6 it was plain text.
std::string content_of(Bytes value, std::string_view key) {
  const bool plain = !value.empty() && value.front() >= ' ';
  return std::string(text_of(plain ? value : zones::unseal(value, key).content));
}

uint32_t sum_of_settings(const Database::Snapshot& snapshot) {
  uint32_t sum = 0;
  snapshot.for_each_from(StoreTable::settings, {}, [&sum](Bytes key, Bytes value) {
    sum = libdeflate_crc32(sum, key.data(), key.size());
    sum = libdeflate_crc32(sum, value.data(), value.size());
    return true;
  });
  return sum;
}

uint64_t random_number() {
  uint64_t number = 0;
  while (number == 0) {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1)
      throw StoreError("there are no random numbers for a new store");
  }
  return number;
}

// ---- tombstones ----

enum class TombstoneTag : uint16_t { serial = 1, time, policy };

void put_tombstone(Writer& writer, const std::string& apex, const Tombstone& tombstone) {
  zones::TagWriter out;
  out.put32(TombstoneTag::serial, tombstone.serial);
  out.put64(TombstoneTag::time, static_cast<uint64_t>(tombstone.time));
  out.put8(TombstoneTag::policy, static_cast<unsigned>(tombstone.policy));
  writer.put(StoreTable::serials, apex, zones::seal(std::move(out).finish(), apex));
}

Tombstone tombstone_of(const std::string& content) {
  std::optional<uint32_t> serial;
  Tombstone tombstone{};
  zones::TagReader in(bytes_of(content));
  while (in.next()) {
    switch (in.tag<TombstoneTag>()) {
      case TombstoneTag::serial:
        serial = in.number32();
        break;
      case TombstoneTag::time:
        tombstone.time = static_cast<int64_t>(in.number64());
        break;
      case TombstoneTag::policy:
        if (in.number8() <= static_cast<uint8_t>(zones::SerialPolicy::keep))
          tombstone.policy = static_cast<zones::SerialPolicy>(in.number8());
        break;
      default:
        break;
    }
  }
  tombstone.serial = zones::required(std::optional(serial), "serial");
  return tombstone;
}

// ---- what a change writes ----

void write_pages(Writer& writer, const std::string& apex, const Store::Change& change) {
  using zones::Page;
  ZoneVersion::for_each_difference(change.before, change.after, [&](uint32_t id, const Page*, const Page* page) {
    if (page != nullptr) {
      writer.put(StoreTable::pages, part_key(apex, id), zones::encode_page(*page));
    } else {
      writer.erase(StoreTable::pages, part_key(apex, id));
    }
  });
  const auto ids_of = [](const ZoneVersion* zone) {
    return zone != nullptr ? zone->page_ids() : std::span<const uint32_t>();
  };
  const auto before = ids_of(change.before), after = ids_of(change.after);
  if (std::ranges::equal(before, after)) return;
  if (after.empty()) {
    writer.erase(StoreTable::pages, part_key(apex, kOrder));
  } else {
    writer.put(StoreTable::pages, part_key(apex, kOrder), zones::encode_order(after));
  }
}

// A history changes only at its ends: the part of the old one that is kept begins the new one.
void write_history(Writer& writer, const std::string& apex, const Store::Change& change) {
  static const std::vector<zones::StepRef> kNone;
  const auto steps_of = [](const ZoneVersion* zone) -> const auto& {
    return zone != nullptr && zone->history() ? zone->history()->steps() : kNone;
  };
  const auto& before = steps_of(change.before);
  const auto& after = steps_of(change.after);
  const auto kept = after.empty() ? before.end() : std::find(before.begin(), before.end(), after.front());
  for (auto step = before.begin(); step != kept; ++step)
    writer.erase(StoreTable::journal, part_key(apex, (*step)->from()));
  for (auto step = after.begin() + (before.end() - kept); step != after.end(); ++step)
    writer.put(StoreTable::journal, part_key(apex, (*step)->from()), zones::encode_step(**step));
}

void erase_parts(Writer& writer, const std::string& apex) {
  writer.erase_all(StoreTable::pages, apex);
  writer.erase_all(StoreTable::journal, apex);
}

void write_zone(Writer& writer, const Store::Change& change) {
  const ZoneVersion& after = *change.after;
  const std::string apex = name_key(after.apex().name);
  if (change.before == nullptr) {
    erase_parts(writer, apex);  // a damaged zone of this name may have left some
    writer.erase(StoreTable::serials, apex);
  }
  writer.put(StoreTable::zones, apex, zones::encode_zone(after));
  write_pages(writer, apex, change);
  write_history(writer, apex, change);
}

void remove_zone(Writer& writer, const ZoneVersion& zone) {
  const std::string apex = name_key(zone.apex().name);
  erase_parts(writer, apex);
  writer.erase(StoreTable::zones, apex);
  writer.erase(StoreTable::ledger, apex);
  put_tombstone(writer, apex, {zone.serial(), unix_time(), zone.attributes().serial_policy});
}

}  // namespace

// ---- reading ----

// The effect of batches on the database, held in memory: for a start with a disk that cannot be written.
class Store::Overlay : public Writer {
 public:
  void put(StoreTable table, std::string_view key, std::string_view value) override {
    entries(table).insert_or_assign(std::string(key), std::string(value));
  }
  void erase(StoreTable table, std::string_view key) override {
    entries(table).insert_or_assign(std::string(key), std::nullopt);
  }
  void erase_all(StoreTable table, std::string_view prefix) override {
    std::erase_if(entries(table), [&](const auto& entry) { return entry.first.starts_with(prefix); });
    erased_[static_cast<unsigned>(table)].emplace_back(prefix);
  }

  using Entries = std::map<std::string, std::optional<std::string>, std::less<>>;
  Entries& entries(StoreTable table) { return entries_[static_cast<unsigned>(table)]; }
  const Entries& entries(StoreTable table) const { return entries_[static_cast<unsigned>(table)]; }
  // Whether the database's value of that key was erased or replaced.
  bool hides(StoreTable table, std::string_view key) const {
    const auto& prefixes = erased_[static_cast<unsigned>(table)];
    return entries(table).contains(key) ||
           std::ranges::any_of(prefixes, [&](const std::string& prefix) { return key.starts_with(prefix); });
  }

 private:
  std::array<Entries, kTables> entries_;
  std::array<std::vector<std::string>, kTables> erased_;
};

// A snapshot of the database. Includes the batches that the database lacks, if the store is not ready.
class Store::View {
 public:
  explicit View(Store& store) : snapshot_(settled(store)) {
    if (!store.ready_) Batch::apply(bytes_of(store.full_), overlay_);
  }
  bool get(StoreTable table, std::string_view key, Bytes& value) const {
    const auto& entries = overlay_.entries(table);
    if (const auto entry = entries.find(key); entry != entries.end() && entry->second) {
      value = bytes_of(*entry->second);
      return true;
    }
    return !overlay_.hides(table, key) && snapshot_.get(table, key, value);
  }
  // In the order of keys.
  void for_each_from(StoreTable table, std::string_view key, const std::function<bool(Bytes, Bytes)>& visit) const {
    const auto& entries = overlay_.entries(table);
    auto entry = entries.lower_bound(key);
    bool go_on = true;
    const auto visit_overlay_before = [&](const std::string_view* end) {
      for (; go_on && entry != entries.end() && (end == nullptr || entry->first < *end); ++entry) {
        if (entry->second) go_on = visit(bytes_of(entry->first), bytes_of(*entry->second));
      }
    };
    snapshot_.for_each_from(table, key, [&](Bytes there, Bytes value) {
      const std::string_view name = text_of(there);
      visit_overlay_before(&name);
      if (go_on && !overlay_.hides(table, name)) go_on = visit(there, value);
      return go_on;
    });
    visit_overlay_before(nullptr);
  }

 private:
  static const Database& settled(Store& store) {
    if (store.ready_) store.settle();
    return store.database_;
  }

  const Database::Snapshot snapshot_;
  Overlay overlay_;
};

namespace {

template <class View>
std::vector<uint32_t> page_order(const View& snapshot, const std::string& apex, const zones::StoredZone& zone) {
  if (zone.pages == 0) return {};
  Bytes value;
  if (!snapshot.get(StoreTable::pages, part_key(apex, kOrder), value))
    throw std::invalid_argument("the order of its pages is missing");
  std::vector<uint32_t> order = zones::decode_order(value);
  if (order.size() != zone.pages) throw std::invalid_argument("pages are missing");
  return order;
}

// Follows the steps backwards from the current serial. Each must lead to the serial at which the one behind it begins.
template <class View>
zones::HistoryRef read_history(const View& snapshot, const std::string& apex, const zones::StoredZone& zone,
                               bool& knows_all) {
  if (zone.steps == 0) return nullptr;
  std::map<uint32_t, zones::StepRef> by_end;
  snapshot.for_each_from(StoreTable::journal, apex, [&](Bytes key, Bytes value) {
    if (key.size() != apex.size() + kPartSize || !text_of(key).starts_with(apex)) return false;
    auto [step, known] = zones::decode_step(value);
    knows_all = knows_all && known;
    by_end[step->to()] = std::move(step);
    return true;
  });
  if (by_end.size() != zone.steps) throw std::invalid_argument("steps of its history are missing");
  std::vector<zones::StepRef> steps;
  for (uint32_t serial = zones::soa_serial(zone.soa); steps.size() < zone.steps; serial = steps.back()->from()) {
    const auto step = by_end.find(serial);
    if (step == by_end.end()) throw std::invalid_argument("its history has a gap");
    steps.push_back(step->second);
  }
  std::ranges::reverse(steps);
  return new zones::History(std::move(steps));
}

template <class View>
zones::VersionRef restore(const View& snapshot, Bytes value) {
  zones::StoredZone zone = zones::decode_zone(value);
  const std::string apex = name_key(zone.apex);
  std::vector<ZoneVersion::NumberedPage> pages;
  if (!zone.page.empty()) pages.push_back({0, std::move(zone.page)});
  for (const uint32_t id : page_order(snapshot, apex, zone)) {
    Bytes page;
    if (!snapshot.get(StoreTable::pages, part_key(apex, id), page))
      throw std::invalid_argument("page " + std::to_string(id) + " is missing");
    pages.push_back({id, zones::decode_page(page)});
  }
  bool knows_all = zone.knows_all;
  zones::HistoryRef history = read_history(snapshot, apex, zone, knows_all);
  zones::Attributes attributes{std::move(zone.pseudo), std::move(history), zone.serial_policy,
                               std::move(zone.secondary_dns), nullptr};
  attributes.origin = std::move(zone.origin);
  attributes.serving = zone.serving;
  if (!knows_all) attributes.kept = std::make_shared<const std::string>(std::move(zone.settings));
  return ZoneVersion::restore(zone.apex, zone.soa.view(), pages, std::move(attributes));
}

}  // namespace

Store::LockFile::LockFile(const std::filesystem::path& directory) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(directory, error);
  if (error) throw StoreError("cannot make the store's directory " + directory.string() + ": " + error.message());
  const auto file = directory / "lock";
  const bool ours = made || std::filesystem::exists(file, error) || std::filesystem::is_empty(directory, error);
  // A file that exists is opened as it is, even where nothing can be written.
  fd_ = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0) throw StoreError("cannot open " + file.string() + ": " + std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) {
    // The directory holds secrets. But one that has other files in it keeps its permissions.
    if (ours) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
    return;
  }
  ::close(fd_);
  throw StoreError("the store in " + directory.string() + " is in use by another axfrd; give each its own --store");
}

Store::LockFile::~LockFile() { ::close(fd_); }

Store::Store(const std::filesystem::path& directory, uint64_t log_capacity, Report report, Opening opening)
    : directory_(directory),
      report_(std::move(report)),
      lock_file_(directory),
      database_(directory),
      log_(directory, log_capacity) {
  try {
    for (const std::string& sentence : database_.damaged_settings()) tell(LogLevel::error, sentence);
    if (database_.to_be_upgraded()) {
      read_old_log();
    } else {
      read_log(opening);
    }
    if (opening.restored) check_backup();
    marks_.settings_sum.reset();
    if (opening.restored || opening.standby) marks_.in_recovery = true;
    if (opening.restored && !marks_.backup_time) marks_.backup_time = 0;
    if (!marks_.in_recovery) marks_.backup_time.reset();
    Overlay overlay;  // finds malformed batches before the database takes any
    Batch::apply(bytes_of(full_), overlay);
    settings_went_ = !overlay.entries(StoreTable::settings).empty();
  } catch (const std::invalid_argument& error) {
    throw StoreError("the store in " + directory_.string() + " is damaged: " + error.what() +
                     "; restore it from a backup");
  }
  try {
    make_ready();
  } catch (const StoreError& error) {
    note_trouble(error.what() + remark_on_space(), false);
  }
  checkpointer_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "axfrd-store");
    run_checkpointer();
  });
}

Store::~Store() {
  {
    const dataplane::Lock lock(mutex_);
    if (backup_) backup_->give_up("axfrd is stopping");
  }
  try {
    if (ready_ && !log_.broken()) {
      log_.check_place();
      settle();
      RedoLog::Held held = log_.position();
      held.clean = true;
      database_.write([&](Writer& writer) { put_held(writer, held); });
    }
  } catch (const std::exception&) {  // the redo log has the changes
  }
  {
    const dataplane::Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  checkpointer_.join();
}

// ---- start ----

// Settings are a file of their own. It may belong to another backup, or be incomplete.
void Store::check_backup() {
  const Database::Snapshot snapshot(database_);
  if (marks_.settings_sum && *marks_.settings_sum != sum_of_settings(snapshot))
    throw std::invalid_argument("its settings are not those that were copied with its zones");
}

void Store::put_held(Writer& writer, const RedoLog::Held& held, const Marks& marks) {
  zones::TagWriter log;
  log.put64(LogTag::generation, held.generation);
  log.put32(LogTag::records, held.records);
  log.put32(LogTag::checksum, held.checksum);
  log.put64(LogTag::octets, held.octets);
  log.put8(LogTag::clean, held.clean ? 1 : 0);
  log.put64(LogTag::store, held.store);
  if (marks.in_recovery) log.put8(LogTag::recovery, 1);
  if (marks.recovered_at != 0) log.put64(LogTag::recovered_at, static_cast<uint64_t>(marks.recovered_at));
  if (marks.backup_time) log.put64(LogTag::backup_time, static_cast<uint64_t>(*marks.backup_time));
  if (marks.settings_sum) log.put32(LogTag::settings_sum, *marks.settings_sum);
  writer.put(StoreTable::meta, kLog, zones::seal(std::move(log).finish(), kLog));
}

RedoLog::Held Store::read_held(const Database::Snapshot& snapshot, Marks* marks) {
  Bytes value;
  if (!snapshot.get(StoreTable::meta, kLog, value))
    throw std::invalid_argument("what it says of its redo log is missing");
  RedoLog::Held held;
  Marks found;
  zones::TagReader in(zones::unseal(value, kLog).content);
  while (in.next()) {
    switch (in.tag<LogTag>()) {
      case LogTag::generation:
        held.generation = in.number64();
        break;
      case LogTag::records:
        held.records = in.number32();
        break;
      case LogTag::checksum:
        held.checksum = in.number32();
        break;
      case LogTag::octets:
        held.octets = in.number64();
        break;
      case LogTag::clean:
        held.clean = in.number8() != 0;
        break;
      case LogTag::store:
        held.store = in.number64();
        break;
      case LogTag::recovery:
        found.in_recovery = in.number8() != 0;
        break;
      case LogTag::recovered_at:
        found.recovered_at = static_cast<int64_t>(in.number64());
        break;
      case LogTag::backup_time:
        found.backup_time = static_cast<int64_t>(in.number64());
        break;
      case LogTag::settings_sum:
        found.settings_sum = in.number32();
        break;
      default:
        break;
    }
  }
  if (marks != nullptr) *marks = found;
  return held;
}

namespace {

// Collects the serials of zones from records that cannot be applied. Secondaries may have seen these serials.
class LostSerials : public Writer {
 public:
  void put(StoreTable table, std::string_view key, std::string_view value) override {
    if (table != StoreTable::zones) return;
    const zones::StoredZone zone = zones::decode_zone(bytes_of(value));
    const uint32_t serial = zones::soa_serial(zone.soa);
    const auto [known, fresh] =
        serials_.try_emplace(std::string(key), Tombstone{serial, unix_time(), zone.serial_policy});
    if (!fresh && zones::serial_newer(serial, known->second.serial)) known->second.serial = serial;
  }
  void erase(StoreTable, std::string_view) override {}
  void erase_all(StoreTable, std::string_view) override {}
  const std::map<std::string, Tombstone>& serials() const { return serials_; }

 private:
  std::map<std::string, Tombstone> serials_;  // by apex
};

// Some of the zones with their serials, for a message.
std::string text_of_zones(const std::map<std::string, Tombstone>& serials) {
  constexpr size_t kSome = 5;
  std::string text;
  size_t count = 0;
  for (const auto& [key, tombstone] : serials) {
    if (count++ == kSome) break;
    const auto apex = zones::NameView::read(bytes_of(key));
    text += (text.empty() ? "" : ", ") + (apex ? apex->to_text() : "?") + " serial " + std::to_string(tombstone.serial);
  }
  if (serials.size() > kSome) text += " and " + std::to_string(serials.size() - kSome) + " more zones";
  return text;
}

}  // namespace

void Store::read_log(Opening opening) {
  const RedoLog::Held held = [this] {
    const Database::Snapshot snapshot(database_);
    return read_held(snapshot, &marks_);
  }();
  const RedoLog::Opened opened = log_.open(held);
  LostSerials lost;
  const auto learn = [&](Bytes batch) {
    try {
      Batch::apply(batch, lost);
    } catch (const std::invalid_argument&) {  // it is lost anyway
    }
  };
  const RedoLog::Replayed replayed = log_.replay(
      held, [&](Bytes batch) { full_ += text_of(batch); }, learn);
  for (const auto* warnings : {&opened.warnings, &replayed.warnings}) {
    for (const std::string& warning : *warnings) tell(LogLevel::warning, warning);
  }
  make_log_ = opened.incomplete;
  full_held_ = replayed.last;
  std::string loss = opened.loss;
  if (!replayed.loss.empty()) loss += (loss.empty() ? "" : "; ") + replayed.loss;
  if (loss.empty()) {
    if (opening.recover && !marks_.in_recovery) tell(LogLevel::info, "--recover: nothing is lost");
    return;
  }
  const std::string zones = text_of_zones(lost.serials());
  if (!zones.empty()) loss += "; of them can be read: " + zones;
  if (!opening.recover) {
    throw StoreError("acknowledged changes are lost: " + loss +
                     ". Restore the store from a backup; or start axfrd once with --recover, which goes on with the "
                     "changes before, and gives zones serials above those that secondaries may have");
  }
  set_aside(loss);
  Batch floors(std::numeric_limits<size_t>::max());
  for (const auto& [apex, tombstone] : lost.serials()) put_tombstone(floors, apex, tombstone);
  full_ += floors.octets();
  marks_.in_recovery = true;
  full_held_.generation = std::max(replayed.newest_generation, full_held_.generation);
  full_held_.records = 0;
}

// Keeps a copy of the redo log as it was found, for analysis.
void Store::set_aside(const std::string& loss) {
  tell(LogLevel::warning, "--recover: going on without changes that are lost: " + loss);
  const std::string suffix = ".lost-" + std::to_string(unix_time());
  for (const char* name : {"redo.0", "redo.1"}) {
    std::error_code error;
    std::filesystem::copy_file(directory_ / name, directory_ / (name + suffix), error);
    if (!error) tell(LogLevel::info, "what was found is kept as " + (directory_ / (name + suffix)).string());
  }
}

void Store::read_old_log() {
  const Database::Snapshot snapshot(database_);
  full_held_ = {};
  full_held_.generation =
      replay_format_6(directory_, old_generation(snapshot), [&](Bytes batch) { full_ += text_of(batch); });
}

// Brings the database up to date, so that the log can take changes. If this is interrupted, it is done again.
void Store::make_ready() {
  if (database_.to_be_upgraded() && full_held_.store == 0) {
    upgrade();
  } else if (make_log_) {
    RedoLog::Held settled = full_held_;
    settled.clean = true;
    database_.write([&](Writer& writer) {
      Batch::apply(bytes_of(full_), writer);
      put_held(writer, settled);
    });
    log_.make(full_held_.store);
    log_.install();
    database_.write([&](Writer& writer) { put_held(writer, full_held_); });
  } else {
    database_.write([&](Writer& writer) {
      Batch::apply(bytes_of(full_), writer);
      put_held(writer, full_held_);
    });
  }
  full_ = {};
  make_log_ = false;
  log_.begin(full_held_.generation + 1, full_held_.checksum);
  ready_ = true;
}

// Upgrades a store of format 6, or begins a new one. First the database gets what the old log holds, which leaves a
// store of format 6. Then the new log is made. It is not read before the database says that it is there.
void Store::upgrade() {
  if (!full_.empty()) {
    database_.write([&](Writer& writer) {
      Batch::apply(bytes_of(full_), writer);
      writer.put(StoreTable::meta, kGeneration, std::to_string(full_held_.generation));
    });
    full_ = {};
  }
  Batch settings(std::numeric_limits<size_t>::max());
  {
    const Database::Snapshot snapshot(database_);
    for (const OldTable& old : kOldTables) {
      snapshot.for_each_from(old.table, {}, [&](Bytes key, Bytes value) {
        settings.put(StoreTable::settings, old.kind + std::string(text_of(key)), text_of(value));
        settings.erase(old.table, text_of(key));
        return true;
      });
    }
    Bytes cookies;
    if (snapshot.get(StoreTable::meta, kOldCookies, cookies)) {
      settings.put(StoreTable::settings, std::string(1, kCookies), text_of(cookies));
      settings.erase(StoreTable::meta, kOldCookies);
    }
  }
  RedoLog::Held held = full_held_;
  held.store = random_number();
  held.octets = RedoLog::kBlock;
  log_.make(held.store);
  database_.write([&](Writer& writer) {
    Batch::apply(bytes_of(settings.octets()), writer);
    put_held(writer, held);
    put_format(writer);
  });
  log_.install();
  full_held_ = held;
  if (!settings.octets().empty()) {
    try {
      database_.compact();  // so that nothing is left of the secrets in its tables
    } catch (const StoreError& error) {
      tell(LogLevel::warning,
           std::string("secrets that are removed from now on may stay in free parts of data.mdb: ") + error.what());
    }
  }
}

// ---- trouble ----

void Store::tell(LogLevel level, const std::string& text) const {
  if (report_) report_(level, text);
}

StoreHealth Store::health() const {
  const dataplane::Lock lock(health_mutex_);
  return health_;
}

void Store::note_trouble(const std::string& reason, bool writable) {
  bool known = false;
  {
    const dataplane::Lock lock(health_mutex_);
    known = !health_.trouble.empty() && health_.writable <= writable;
    if (health_.trouble.empty()) health_.since = unix_time();
    if (!health_.writable && writable) return;
    health_.writable = writable;
    health_.trouble = reason;
  }
  if (known) return;
  tell(LogLevel::error,
       reason + (writable ? "; changes stand in the redo log, and axfrd tries again by itself"
                          : "; changes are refused, zones are served, and axfrd tries again by itself"));
}

void Store::note_success() {
  bool took_changes = true;
  {
    const dataplane::Lock lock(health_mutex_);
    if (health_.trouble.empty()) return;
    took_changes = health_.writable;
    health_ = {};
  }
  tell(LogLevel::info, took_changes ? "the store's database takes changes again" : "the store takes changes again");
}

// Throws StoreError if changes still cannot be accepted.
void Store::try_again() {
  const auto now = std::chrono::steady_clock::now();
  if (last_try_ != std::chrono::steady_clock::time_point{} && now - last_try_ < kTryAgain)
    throw KnownTrouble(health().trouble);
  last_try_ = now;
  if (!ready_) {
    make_ready();
  } else if (log_.broken()) {
    go_on_after_failure();
  }
}

// It is unknown whether the record that failed is on disk. So the database gets all acknowledged changes, and states
// that it holds the whole generation. Then a restart ignores that record.
void Store::go_on_after_failure() {
  log_.check_place();
  {
    dataplane::Lock lock(mutex_);
    await_checkpoint(lock);
  }
  log_.test();
  const RedoLog::Held held = log_.position();
  database_.write([&](Writer& writer) {
    Batch::apply(bytes_of(pending_), writer);
    put_held(writer, held);
  });
  pending_ = {};
  const dataplane::Lock lock(mutex_);
  begin_generation(held);
}

void Store::tick() {
  try {
    if (!ready_ || log_.broken()) try_again();
    log_.check_place();
    {
      const dataplane::Lock lock(mutex_);
      if (checkpoint_ == Checkpoint::failed) {
        checkpoint_ = Checkpoint::wanted;
        wake_.notify_all();
        return;
      }
      if (checkpoint_ == Checkpoint::none && !log_.empty()) hand_over();
    }
    if (health().writable) return;
    go_on_after_failure();
    if (!lacks_space(0)) note_success();
  } catch (const KnownTrouble&) {
  } catch (const StoreError& error) {
    note_trouble(error.what() + remark_on_space(), false);
  }
}

// ---- writing ----

void Store::write(const std::function<void(Writer&)>& work) {
  try {
    if (!ready_ || log_.broken()) try_again();
    write_now(work);
  } catch (const KnownTrouble&) {
    throw;
  } catch (const StoreError& error) {
    const std::string reason = error.what() + remark_on_space();
    note_trouble(reason, false);
    throw StoreError(reason);
  }
  if (!health().writable) note_success();
}

void Store::write_now(const std::function<void(Writer&)>& work) {
  hand_over_for_backup();
  const bool beside_backup = is_copying();
  Batch batch(beside_backup ? kBesideBackup : log_.largest_record());
  work(batch);
  if (batch.too_large()) return write_at_once(work);
  const Bytes octets = bytes_of(batch.octets());
  if (!log_.has_room(octets.size()) && !(beside_backup && pending_.size() + octets.size() <= kBesideBackup))
    next_generation();
  reserve_space(octets.size());
  log_.append(octets);
  pending_ += batch.octets();
}

// The current generation of the log is empty here, so it counts as written.
void Store::write_at_once(const std::function<void(Writer&)>& work) {
  settle();
  log_.check_place();
  const RedoLog::Held held = log_.position();
  try {
    database_.write([&](Writer& writer) {
      work(writer);
      put_held(writer, held);
    });
  } catch (const StoreError&) {
    // A transaction whose last write failed may be on disk all the same. A restart would find it, so it counts as
    // committed.
    if (!database_holds(held.generation)) throw;
  }
  const dataplane::Lock lock(mutex_);
  begin_generation(held);
}

bool Store::database_holds(uint64_t generation) {
  database_.reopen();
  const Database::Snapshot snapshot(database_);
  return read_held(snapshot).generation == generation;
}

bool Store::lacks_space(size_t octets) const {
  std::error_code error;
  const auto space = std::filesystem::space(directory_, error);
  const size_t needed = kSpareSpace + 2 * pending_.size() + 4 * octets + log_.growth(octets);
  return !error && space.available < needed;
}

// Acknowledged changes will be written to the database, so there must be room for them there, too.
void Store::reserve_space(size_t octets) {
  if (!lacks_space(octets)) return;
  settle();
  if (lacks_space(octets)) throw StoreError("the store has no room for a change");
}

namespace {

// Where the file system of a directory is mounted.
std::filesystem::path mount_point(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::canonical(directory, error);
  struct stat here {
  }, above{};
  while (!error && at.has_relative_path() && ::stat(at.c_str(), &here) == 0 &&
         ::stat(at.parent_path().c_str(), &above) == 0 && here.st_dev == above.st_dev)
    at = at.parent_path();
  return at;
}

}  // namespace

// LMDB reports a full disk as an I/O error. So the free space is added to the message.
std::string Store::remark_on_space() const {
  constexpr uintmax_t kLittle = uintmax_t{16} << 20;
  std::error_code error;
  const auto space = std::filesystem::space(directory_, error);
  if (error || space.available > kLittle) return "";
  return "; its disk is full: " + std::to_string(space.available / 1024) + " KiB are left on the file system at " +
         mount_point(directory_).string();
}

// Hands the batches of a generation to the checkpointer, when it has finished the ones before.
void Store::next_generation() {
  dataplane::Lock lock(mutex_);
  await_checkpoint(lock);
  hand_over();
}

void Store::hand_over() {
  const RedoLog::Held held = log_.position();
  clear_settings_ = settings_went_;
  // The other file holds the generation before, which the database has. Secrets that have been removed may be in it.
  if (settings_went_) log_.clear_generation(held.generation - 1);
  settings_went_ = false;
  full_ = std::exchange(pending_, {});
  full_held_ = held;
  checkpoint_ = Checkpoint::wanted;
  begin_generation(held);
}

// Begins the generation after `held`. The database holds `held`, or will hold it after the wanted checkpoint.
void Store::begin_generation(const RedoLog::Held& held) {
  log_.begin(held.generation + 1, held.checksum);
  if (copy_ == Copy::waiting) copy_ = Copy::wanted;
  wake_.notify_all();
}

// Ends the generation for a backup that was requested while a checkpoint was under way.
void Store::hand_over_for_backup() {
  const dataplane::Lock lock(mutex_);
  if (copy_ == Copy::waiting && checkpoint_ == Checkpoint::none) hand_over();
}

bool Store::is_copying() {
  const dataplane::Lock lock(mutex_);
  return copy_ == Copy::wanted || copy_ == Copy::under_way;
}

// Waits until the database holds everything.
void Store::settle() {
  if (log_.broken()) go_on_after_failure();
  if (!log_.empty()) next_generation();
  dataplane::Lock lock(mutex_);
  await_checkpoint(lock);
}

// Waits until the caller owns the database. Tries a failed checkpoint again. Gives up a backup that takes too long.
void Store::await_checkpoint(dataplane::Lock& lock) {
  if (checkpoint_ == Checkpoint::failed) {
    checkpoint_ = Checkpoint::wanted;
    wake_.notify_all();
  }
  const auto is_ours = [this]() REQUIRES(mutex_) {
    return checkpoint_ != Checkpoint::wanted && (copy_ == Copy::none || copy_ == Copy::waiting);
  };
  while (!lock.wait_for(wake_, kPatienceWithBackup, is_ours)) {
    if (copy_ != Copy::none && copy_ != Copy::waiting)
      backup_->give_up("changes came that could not wait for it; make it to a faster disk, or when there are fewer");
  }
  if (checkpoint_ == Checkpoint::failed) throw StoreError(failure_);
}

void Store::run_checkpointer() {
  dataplane::Lock lock(mutex_);
  const auto may_copy = [this]()
                            REQUIRES(mutex_) { return copy_ == Copy::wanted && checkpoint_ != Checkpoint::wanted; };
  for (;;) {
    lock.wait(wake_, [&]() REQUIRES(mutex_) { return stopping_ || checkpoint_ == Checkpoint::wanted || may_copy(); });
    if (may_copy()) {
      copy_ = Copy::under_way;
      const Marks marks = copy_marks_;
      BackupWriter& backup = *backup_;  // is not replaced while it is under way
      lock.unlock();
      copy_to(backup, marks);
      lock.lock();
      copy_ = Copy::none;
      wake_.notify_all();
      continue;
    }
    if (checkpoint_ != Checkpoint::wanted) return;
    lock.unlock();
    std::string failure = write_full_generation();
    if (failure.empty()) {
      if (health().writable) note_success();
    } else {
      note_trouble(failure + remark_on_space(), true);
    }
    lock.lock();
    failure_ = std::move(failure);
    checkpoint_ = failure_.empty() ? Checkpoint::none : Checkpoint::failed;
    if (checkpoint_ == Checkpoint::failed && copy_ != Copy::none) {
      backup_->give_up(failure_);
      copy_ = Copy::none;
    }
    wake_.notify_all();
  }
}

// Returns what went wrong; empty if nothing did.
std::string Store::write_full_generation() {
  try {
    database_.write([this](Writer& writer) {
      Batch::apply(bytes_of(full_), writer);
      put_held(writer, full_held_);
    });
    full_ = {};
    if (clear_settings_) log_.clear_generation(full_held_.generation);
    clear_settings_ = false;
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

void Store::backup(const std::filesystem::path& directory, std::function<void(std::string)> done) {
  if (!ready_ || log_.broken()) throw StoreError(health().trouble);
  const dataplane::Lock lock(mutex_);
  if (copy_ != Copy::none || (backup_ && !backup_->ended()))
    throw StoreError("a backup is under way, to " + backup_->directory().string() + "; it has to end first");
  if (checkpoint_ == Checkpoint::failed) throw StoreError(failure_);
  if (!log_.empty() && checkpoint_ == Checkpoint::none) hand_over();
  backup_ = std::make_unique<BackupWriter>(directory, std::move(done));
  copy_marks_ = marks_;
  // A store in recovery keeps the time of the backup from which it was made.
  if (!copy_marks_.in_recovery) copy_marks_.backup_time = unix_time();
  copy_ = log_.empty() ? Copy::wanted : Copy::waiting;
  wake_.notify_all();
}

// Completes a copied data.mdb to a store: adds the settings, and marks it as stopped in order, so that it opens without
// a redo log. The mark is written last, and a copy without it is refused.
void Store::complete_copy(const std::filesystem::path& directory, const SettingsFile::Entries& settings, Marks marks) {
  SettingsFile(directory / "settings").write(settings);
  Database copy(directory);
  RedoLog::Held held;
  {
    const Database::Snapshot snapshot(copy);
    held = read_held(snapshot);
    marks.settings_sum = sum_of_settings(snapshot);
  }
  held.clean = true;
  copy.write([&](Writer& writer) { put_held(writer, held, marks); });
}

void Store::copy_to(BackupWriter& backup, const Marks& marks) const {
  if (backup.ended()) return;
  try {
    database_.copy_to(backup.socket());
    backup.complete([settings = database_.settings(), marks](const std::filesystem::path& unfinished) {
      complete_copy(unfinished, settings, marks);
    });
  } catch (const std::exception& error) {
    backup.give_up(error.what());
  }
}

void Store::commit(const Changes& changes) {
  // The next checkpoint must overwrite the old values of settings. It may happen before this change is written, so the
  // flag is set again below.
  if (!changes.settings.empty()) settings_went_ = true;
  write([&](Writer& writer) {
    for (const Setting& setting : changes.settings) {
      const std::string place = setting.kind + setting.name;
      if (setting.text.empty()) {
        writer.erase(StoreTable::settings, place);
      } else {
        writer.put(StoreTable::settings, place, zones::seal(setting.text, place));
      }
    }
    for (const LedgerText& zone : changes.ledger) {
      const std::string apex = name_key(zone.apex);
      writer.put(StoreTable::ledger, apex, zones::seal(zone.text, apex));
    }
    for (const Change& change : changes.zones) {
      if (change.after != nullptr) {
        write_zone(writer, change);
      } else {
        remove_zone(writer, *change.before);
      }
    }
    for (const Gone& gone : changes.tombstones) put_tombstone(writer, name_key(gone.apex), gone.tombstone);
  });
  if (!changes.settings.empty()) settings_went_ = true;
}

void Store::erase_tombstones(std::span<const zones::Name> zones) {
  write([&](Writer& writer) {
    for (const zones::Name& zone : zones) writer.erase(StoreTable::serials, name_key(zone));
  });
}

// The current generation of the log is empty here, so it counts as written.
void Store::set_marks(const Marks& marks) {
  if (!ready_) throw StoreError(health().trouble);
  settle();
  const RedoLog::Held held = log_.position();
  database_.write([&](Writer& writer) { put_held(writer, held, marks); });
  marks_ = marks;
  const dataplane::Lock lock(mutex_);
  begin_generation(held);
}

void Store::end_recovery() { set_marks({.recovered_at = unix_time()}); }

void Store::set_backup_time(int64_t time) {
  Marks marks = marks_;
  marks.backup_time = time;
  set_marks(marks);
}

// ---- loading ----

namespace {

std::string what_secondaries_have(const std::string& zone) { return "what the secondaries of zone " + zone + " have"; }

}  // namespace

// Calls visit(content) with the content of a value. If either function throws std::invalid_argument, the value is
// damaged.
void Store::read_value(const std::string& what, const std::function<std::string()>& content,
                       const std::function<void(std::string)>& visit, const Damaged& damaged) const {
  try {
    visit(content());
  } catch (const std::invalid_argument& error) {
    damaged("the store in " + directory_.string() + " is damaged at " + what + ": " + error.what() +
            "; it is left out: enter it anew, or restore the store from a backup");
  }
}

void Store::load_settings(const std::function<void(const Setting&)>& visit, const NameOfSetting& what,
                          const Damaged& damaged) {
  const View view(*this);
  const auto take = [&](char kind, std::string_view name, Bytes value, std::string_view place) {
    Setting setting{kind, std::string(name), {}};
    const auto enter = [&](std::string content) {
      setting.text = std::move(content);
      visit(setting);
    };
    read_value(
        what(setting), [&] { return content_of(value, place); }, enter, damaged);
  };
  for (const OldTable& old : kOldTables) {
    view.for_each_from(old.table, {}, [&](Bytes key, Bytes value) {
      take(old.kind, text_of(key), value, text_of(key));
      return true;
    });
  }
  Bytes cookies;
  if (view.get(StoreTable::meta, kOldCookies, cookies)) take(kCookies, {}, cookies, kOldCookies);
  view.for_each_from(StoreTable::settings, {}, [&](Bytes key, Bytes value) {
    const std::string_view place = text_of(key);
    if (!place.empty()) take(place.front(), place.substr(1), value, place);
    return true;
  });
}

void Store::load_tombstones(const std::function<void(const zones::Name&, const Tombstone&)>& visit,
                            const Damaged& damaged) {
  const View view(*this);
  view.for_each_from(StoreTable::serials, {}, [&](Bytes key, Bytes value) {
    const auto apex = zones::NameView::read(key);
    const auto enter = [&](const std::string& content) {
      if (!apex) throw std::invalid_argument("its name is malformed");
      visit(zones::Name(*apex), tombstone_of(content));
    };
    read_value(
        "the last serial of the removed zone " + (apex ? apex->to_text() : "?"),
        [&] { return content_of(value, text_of(key)); }, enter, damaged);
    return true;
  });
}

void Store::load_ledger(const std::function<void(LedgerText)>& visit, const Damaged& damaged) {
  const View view(*this);
  view.for_each_from(StoreTable::ledger, {}, [&](Bytes key, Bytes value) {
    const auto apex = zones::NameView::read(key);
    const auto enter = [&](std::string content) {
      if (!apex) throw std::invalid_argument("its name is malformed");
      visit({zones::Name(*apex), std::move(content)});
    };
    read_value(
        what_secondaries_have(apex ? apex->to_text() : "?"), [&] { return content_of(value, text_of(key)); }, enter,
        damaged);
    return true;
  });
}

void Store::load(const std::function<void(Loaded)>& visit, const Damaged& damaged) {
  const View view(*this);
  view.for_each_from(StoreTable::zones, {}, [&](Bytes key, Bytes value) {
    const auto apex = zones::NameView::read(key);
    const std::string zone = apex ? apex->to_text() : "?";
    Loaded loaded;
    try {
      loaded.version = restore(view, value);
    } catch (const std::invalid_argument& error) {
      damaged("the store in " + directory_.string() + " is damaged at zone " + zone + ": " + error.what() +
              "; the zone is not served: import it anew, or restore the store from a backup");
      return true;
    }
    Bytes ledger;
    if (loaded.version->attributes().secondary_dns && view.get(StoreTable::ledger, text_of(key), ledger)) {
      const auto take = [&](std::string content) { loaded.ledger = std::move(content); };
      read_value(
          what_secondaries_have(zone), [&] { return content_of(ledger, text_of(key)); }, take, damaged);
    }
    visit(std::move(loaded));
    return true;
  });
}

}  // namespace axfrd::control

// Operations on zones: their content, versions and settings, and transactions.
//
// Roles. A reader may look. An editor may import, change, roll back, configure and remove zones. Only an administrator
// may import a directory of the host. Nobody may create a zone below an existing zone outside their scope.
//
// Threads, errors. As context.h says.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "control/operate/context.h"
#include "control/operate/record_page.h"
#include "control/operate/rrset_changes.h"
#include "control/operate/transactions.h"
#include "zones/data/draft.h"
#include "zones/text/zone_source.h"

namespace axfrd::control {

// The difference between two versions. The later one may be a proposal.
struct ContentDifference {
  uint32_t from;  // serial
  zones::Delta delta;
  std::optional<std::pair<zones::OwnedRecord, zones::OwnedRecord>> soa;  // before and after, if it is different
  zones::PseudoRecords pseudo_before, pseudo_after;                      // ALIAS and URL
};

struct ImportZone {
  zones::Name apex;
  zones::ZoneSource source;
  bool strict = false;                    // refuse the zone if there is a warning
  bool dry_run = false;                   // only return the difference
  bool must_be_new = false;               // refuse it if the zone exists
  std::optional<unsigned> max_removed{};  // percent of the zone's records; refuse to remove more
};
struct ZoneImported {
  Committer::Imported imported;
  std::optional<ContentDifference> difference;  // of a dry run
};

struct ImportDirectory {
  std::filesystem::path directory;
  bool only_newer = false;  // leave a zone alone unless the file's serial is newer
  bool strict = false;      // skip a file if there is a warning
  std::optional<unsigned> max_removed{};
};

struct ListZones {
  std::string prefix{};              // of their names
  std::string within{};              // text anywhere in their names
  std::optional<zones::Name> after;  // none: from the first zone
  std::optional<size_t> limit;       // none: all
  bool with_secondaries = false;     // only those that have secondary DNS
};

// A list of zones, read piece by piece in the order of their names. Each version is the current one when its piece is
// read.
class ZoneList {
 public:
  ZoneList(const Context& context, const Principal& who, const ListZones& request);

  // The next versions; none at the end.
  std::vector<zones::VersionRef> next();
  // Whether the list has ended at its limit, and further zones exist.
  bool is_cut() const { return is_cut_; }

 private:
  const Context& context_;
  const ZoneScope scope_;
  const std::string prefix_, within_;
  const bool with_secondaries_;
  std::optional<std::string> after_;
  std::optional<size_t> left_;
  bool ended_ = false, is_cut_ = false;
};

struct ShownZone {
  zones::VersionRef version;
  Json aliases;  // from Aliases::report()
};

// Two versions of one zone from its history, of which the later may be the current one.
struct CompareVersions {
  zones::Name apex;
  uint32_t from;
  std::optional<uint32_t> to;  // none: the current one
};

// The result of a record edit of a transaction.
struct RecordEdited {
  size_t edits;         // of the transaction
  std::string record;   // as it will be in the zone
  bool changed = true;  // false: the edit has no effect
  zones::Warnings warnings;
};

struct OpenTransaction {
  zones::Name apex;
  uint32_t serial;
  size_t edits;
  std::chrono::seconds age, idle;
  bool committing;
};

// Changes of records that are made all at once, one after the other.
struct EditRecords {
  zones::Name apex;
  std::vector<std::string> changes;  // "add OWNER [TTL] TYPE DATA", "remove OWNER [TYPE [DATA]]", as in a zone file
  std::string if_tag = {};           // required version_tag() of the zone; empty: any
};
struct EditPreview {
  ContentDifference difference;
  zones::Warnings warnings;
};

class ZoneOperations {
 public:
  explicit ZoneOperations(const Context& context)
      : context_(context), transactions_(context.server().transaction_timeout) {}

  void import(const Principal& who, ImportZone request, Done<ZoneImported> done);
  void import_directory(const Principal& who, const ImportDirectory& request, Done<Importer::Loaded> done);
  void remove(const Principal& who, const zones::Name& apex, bool although_enabled, Done<Committer::Removed> done);
  Outcome<zones::VersionRef> find(const Principal& who, const zones::Name& apex) const {
    return context_.look_up(who, apex);
  }
  // Lists the zones that the principal may see.
  ZoneList list(const Principal& who, const ListZones& request) const { return {context_, who, request}; }
  void show(const Principal& who, const zones::Name& apex, Done<ShownZone> done) const;
  Outcome<ContentDifference> compare(const Principal& who, const CompareVersions& request) const;
  void roll_back(const Principal& who, const zones::Name& apex, uint32_t serial, Done<Committer::Changed> done);
  // The difference that roll_back() would make.
  Outcome<ContentDifference> preview_rollback(const Principal& who, const zones::Name& apex, uint32_t serial) const;
  void configure(const Principal& who, const zones::Name& apex, zones::SerialPolicy policy,
                 Done<Committer::Configured> done);

  // Makes the changes of one request, all of them or none. An API has no transactions that stay open.
  void change(const Principal& who, ChangeRRsets request, Done<Committer::Changed> done);
  // The same for changes that are stated record by record.
  void edit(const Principal& who, const EditRecords& request, Done<Committer::Changed> done);
  // What edit() would do.
  Outcome<EditPreview> preview_edit(const Principal& who, const EditRecords& request) const;

  struct Records {
    zones::VersionRef version;
    RecordPage page;
  };
  Outcome<Records> records(const Principal& who, const zones::Name& apex, const WantRecords& wanted) const;

  // ---- transactions ----
  Outcome<zones::VersionRef> begin(const Principal& who, const zones::Name& apex);
  // `words`: OWNER [TTL] TYPE DATA, as record_arguments.h reads them.
  Outcome<RecordEdited> set(const Principal& who, const zones::Name& apex, const std::vector<std::string>& words);
  Outcome<RecordEdited> unset(const Principal& who, const zones::Name& apex, const std::vector<std::string>& words);
  Outcome<ContentDifference> difference(const Principal& who, const zones::Name& apex);
  void commit(const Principal& who, const zones::Name& apex, Done<Committer::Changed> done);
  Outcome<size_t> abort(const Principal& who, const zones::Name& apex);  // number of edits dropped
  // `apex`: only those of this zone; none: of all.
  Outcome<std::vector<OpenTransaction>> transactions(const Principal& who, const std::optional<zones::Name>& apex);

 private:
  std::optional<Failure> refuse_new(const Principal& who, const zones::Name& apex) const;
  Outcome<Transactions::Transaction*> open(const Principal& who, const zones::Name& apex);
  // The first steps of set() and unset().
  struct EditBegun {
    Transactions::Transaction& transaction;
    std::string line;     // the record
    RecordEdited edited;  // so far
  };
  Outcome<EditBegun> begin_edit(const Principal& who, const zones::Name& apex, const std::vector<std::string>& words);

  const Context& context_;
  Transactions transactions_;
};

}  // namespace axfrd::control

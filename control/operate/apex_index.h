// ApexIndex: the apexes of all zones, in the order of their texts: for sorted lists, paging and search by prefix.
//
//   blocks  a sorted list of blocks of some 4 KiB; a block is sorted lines, one for each apex, in lower case
//
// So a zone costs the octets of its name and a third, and a change moves a block and no more. Commits of zones that are
// there do not touch it.
//
// It is built when it is first needed, from the table of zones, so that no start waits for that. A million names take a
// second or so. Changes that come meanwhile are kept and made after that; each says whether there is such a zone after
// it, so it does no harm when the table had it already.
//
// Threads. Any. The committer's thread tells of changes after it has published them. A page is copied under the mutex.
#pragma once

#include <condition_variable>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/mutex.h"
#include "dataplane/rcu.h"
#include "zones/data/zone_table.h"

namespace axfrd::control {

class ApexIndex {
 public:
  // There is a zone of this name now, or there is none any more.
  void set(const zones::Name& apex, bool is_there);

  // Builds it unless it is built; waits while another thread does.
  void build(const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader);

  struct Page {
    std::vector<std::string> names;
    bool more;  // names follow
  };
  // The first `most` of the names that begin with `prefix` and come after `after`. Both in lower case. @pre build()
  Page page(std::string_view prefix, const std::optional<std::string>& after, size_t most) const;

  size_t memory() const;

  // The text of a name as the index has it.
  static std::string text_of(zones::NameView apex);

 private:
  enum class State : uint8_t { none, building, built };

  void change(std::string_view text, bool is_there) REQUIRES(mutex_);
  size_t block_of(std::string_view text) const REQUIRES(mutex_);
  void fill(const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader);

  mutable dataplane::Mutex mutex_;
  std::condition_variable built_;
  State state_ GUARDED_BY(mutex_) = State::none;
  std::vector<std::pair<std::string, bool>> meanwhile_ GUARDED_BY(mutex_);  // changes while it is being built
  std::vector<std::string> blocks_ GUARDED_BY(mutex_);                      // none is empty
};

}  // namespace axfrd::control

// ApexIndex: the apexes of all zones, in order of their texts. It serves sorted lists, paging and search.
//
//   blocks  a sorted list of blocks of some 4 KiB; a block is sorted lines, one for each apex, in lower case
//
// A zone takes the octets of its name and a third more. A new or removed zone moves one block. Commits to existing
// zones do not touch the index.
//
// It is built from the table of zones when it is first needed, so that no start waits for it. Changes during the build
// are kept and applied after it. Each of them says whether the zone exists after it, so a change that the table had
// already does no harm.
//
// Threads. Any. The committer's thread reports changes after it has published them. A page is copied under the mutex.
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
  // A zone of this name was added or removed.
  void set(const zones::Name& apex, bool is_there);

  // Builds it unless it is built; waits while another thread does.
  void build(const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader);

  struct Page {
    std::vector<std::string> names;
    bool more;                             // names follow, or may follow
    std::optional<std::string> last = {};  // the last name that was looked at; none: none was
  };
  // The first `most` of the names that begin with `prefix`, contain `within` and come after `after`. All in lower case.
  // It looks at so many names that this takes no more than a few milliseconds. @pre build()
  Page page(std::string_view prefix, std::string_view within, const std::optional<std::string>& after,
            size_t most) const;

  size_t memory() const;

  // The text of a name as the index has it.
  static std::string text_of(zones::NameView apex) { return folded(apex.to_text()); }
  // In lower case, as what page() is asked for.
  static std::string folded(std::string text);

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

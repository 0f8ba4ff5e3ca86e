// ZoneTable: all zones, found by the hash of their apex.
//
// Threads. Any number of readers, one writer (the committer). Readers take no lock and no reference:
//
//   A *read section* is a stretch of a reader's work between two reports to the RCU domain (dataplane/rcu.h). Pointers
//   got from find() and Zone::current() are valid until the section ends, unless turned into a VersionRef before.
//
// The writer publishes with one atomic store and gets back what readers may still see (Retired). It keeps that until
// every reader has ended the section it was in, then destroys it.
//
// A zone is published on its own (one pointer store into Zone); adding or removing one copies a path of the trie, never
// the table.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "zones/data/hash_trie.h"
#include "zones/data/version.h"

namespace axfrd::zones {

class Zone {
 public:
  explicit Zone(VersionRef version) : hash_(version->apex().hash), current_(version.detach()) {}
  ~Zone() { VersionRef(current_.load(std::memory_order_relaxed), false); }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  uint64_t hash() const { return hash_; }  // of the apex
  // @pre inside a read section (or the writer).
  const ZoneVersion* current() const { return current_.load(std::memory_order_acquire); }

 private:
  friend class ZoneTable;
  const uint64_t hash_;
  std::atomic<const ZoneVersion*> current_;  // writer: stores; readers: load. Owns one reference.
};

class ZoneTable {
 public:
  ZoneTable();
  ~ZoneTable();  // @pre no reader is left
  ZoneTable(const ZoneTable&) = delete;
  ZoneTable& operator=(const ZoneTable&) = delete;

  // ---- readers, inside a read section ----

  // The zone whose apex is `name`; nullptr if it is not ours.
  const Zone* find(uint64_t hash, NameView name) const;
  // The closest zone at or above `name` of those whose apex has at most so many labels; nullptr if there is none.
  const Zone* closest(const HashedName& name, unsigned most_labels) const;

  // closest() in two steps, for a caller with other work between them. The first prefetches the slots in which the
  // second looks. The second says which zone closest() will most likely return, without reading the zone itself.
  struct Guess {
    HashTrie<Zone*>::Place place;  // of the suffix of `labels` labels
    unsigned labels = 0;
    const Zone* zone = nullptr;  // whose apex has so many labels
  };
  // @pre the guess is new
  void begin_guess(Guess& guess, const HashedName& name) const {
    const Snapshot& all = snapshot();
    all.for_each_apex(name.labels(), [&](unsigned n) {
      const auto place = all.trie.place(name.hash(n));
      place.prefetch();
      if (n >= guess.labels) {  // the first
        guess.place = place;
        guess.labels = n;
      }
      return false;
    });
  }
  void end_guess(Guess& guess, const HashedName& name) const {
    guess.zone = any_at(guess.place);
    if (guess.zone != nullptr || guess.labels == 0) return;
    const Snapshot& all = snapshot();
    all.for_each_apex(guess.labels - 1, [&](unsigned n) {
      guess.zone = any_at(all.trie.place(name.hash(n)));
      guess.labels = n;
      return guess.zone != nullptr;
    });
  }
  // The zone that find() will most likely return.
  const Zone* guess(uint64_t hash) const { return any_at(snapshot().trie.place(hash)); }

  size_t size() const { return snapshot().size; }
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    snapshot().trie.for_each([&](Zone* zone) { visit(static_cast<const Zone&>(*zone)); });
  }

  // ---- the writer ----

  struct Snapshot {
    HashTrie<Zone*> trie;
    size_t size = 0;
    std::array<uint32_t, kMaxLabels> apexes{};  // zones by number of labels
    // The numbers of labels that apexes have, the largest first.
    std::array<uint8_t, kMaxLabels> lengths{};
    unsigned length_count = 0;

    // Builds the list of lengths again, after `apexes` has changed.
    void list_lengths() {
      length_count = 0;
      for (unsigned n = kMaxLabels; n-- > 0;) {
        if (apexes[n] != 0) lengths[length_count++] = static_cast<uint8_t>(n);
      }
    }
    // Calls visit(n) for each number of labels that an apex has, `most` at most, the largest first, until it is true.
    template <class Visit>
    void for_each_apex(unsigned most, Visit&& visit) const {
      for (unsigned i = 0; i < length_count; ++i) {
        if (lengths[i] <= most && visit(lengths[i])) return;
      }
    }
  };
  // What readers may still use. Destroy it when every reader has ended its section.
  struct Retired {
    VersionRef version;
    std::unique_ptr<const Zone> zone;
    std::unique_ptr<const Snapshot> snapshot;
  };
  // Makes `version` the current one of its zone, adding the zone if it is new.
  [[nodiscard]] Retired publish(VersionRef version);
  // Adds many new zones at the cost of one publication. @pre none of them is there yet, and no apex twice.
  [[nodiscard]] Retired publish_new(std::vector<VersionRef> versions);
  // Takes the zone out; an empty Retired if it is not there.
  [[nodiscard]] Retired remove(const Name& apex);

 private:
  static const Zone* any_at(const HashTrie<Zone*>::Place& place) {
    Zone* const* found = place.guess();
    return found != nullptr ? *found : nullptr;
  }
  const Snapshot& snapshot() const { return *snapshot_.load(std::memory_order_acquire); }
  std::unique_ptr<const Snapshot> replace(std::unique_ptr<Snapshot> next);

  std::atomic<const Snapshot*> snapshot_;  // writer: stores; readers: load. Owned.
};

}  // namespace axfrd::zones

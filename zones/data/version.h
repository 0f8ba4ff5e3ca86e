// ZoneVersion: the whole content of a zone at one serial, immutable from the moment it exists.
//
// Threads. Any thread may read a version it can reach: a worker inside a read section (see zone_table.h), a transfer
// through its VersionRef. Versions are made by the committer thread alone.
//
// A version shares with its predecessor all pages, and all index paths, that the change between them did not touch.
#pragma once

#include <algorithm>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "zones/data/hash_trie.h"
#include "zones/data/history.h"
#include "zones/data/origin.h"
#include "zones/data/page.h"
#include "zones/data/record.h"
#include "zones/data/secondary_dns.h"
#include "zones/wire/prefetch.h"
#include "zones/wire/serial.h"

namespace axfrd::zones {

class ZoneVersion;
using VersionRef = boost::intrusive_ptr<const ZoneVersion>;

// The settings of a zone, in the form of the store, if they contain a tag that this axfrd does not know, because a
// later one stored it (zones/disk/tagged.h). Null: all tags are known. Such a zone is served, and it cannot be edited.
using KeptSettings = std::shared_ptr<const std::string>;

// What a version has besides records.
struct Attributes {
  PseudoRecords pseudo = nullptr;
  HistoryRef history = nullptr;  // its last step, if any, ends at the version's serial
  SerialPolicy serial_policy = SerialPolicy::unixtime;
  SecondaryDnsRef secondary_dns = nullptr;
  KeptSettings kept = nullptr;
  OriginRef origin = nullptr;
  Serving serving = Serving::served;

  // Whether this axfrd is where the zone is edited.
  bool is_local() const { return !origin || origin->kind == Origin::Kind::local; }
  // The secondaries that get NOTIFY; null if there are none.
  const SecondaryDns* enabled_secondaries() const {
    return secondary_dns && secondary_dns->enabled ? secondary_dns.get() : nullptr;
  }
};

class ZoneVersion : public boost::intrusive_ref_counter<ZoneVersion> {
 public:
  // A node and the page that holds it; converts to false when there is none.
  struct Found {
    const Page* page = nullptr;
    const Page::Node* node = nullptr;
    explicit operator bool() const { return node != nullptr; }
  };

  // The zone that `records` describe. @pre records.finish() found no problem.
  static VersionRef build(const RecordSet& records, Attributes attributes = {});

  // A page and the id under which it is kept: by the index here, by the store on disk. Pages of one zone keep their ids
  // from version to version for as long as they hold about the same names.
  struct NumberedPage {
    uint32_t id;
    PageImage image;
  };
  // The version that was taken apart into `pages`, in canonical order. Throws std::invalid_argument if they are
  // malformed.
  static VersionRef restore(NameView apex, const Record& soa, std::span<const NumberedPage> pages,
                            Attributes attributes);

  // Returns this version with `delta` applied and `soa` in place of its SOA. The cost depends on the delta, not on the
  // zone. Throws DeltaMismatch when the delta is not exact: IXFR could not lead a secondary from this version to that
  // one.
  VersionRef apply(const Delta& delta, const OwnedRecord& soa, Attributes attributes) const;

  const Apex& apex() const { return apex_; }
  uint32_t serial() const { return serial_; }
  const Attributes& attributes() const { return attributes_; }
  const PseudoRecords& pseudo() const { return attributes_.pseudo; }
  // Whether attributes().enabled_secondaries() has any, for the packet path.
  bool has_secondaries() const { return has_secondaries_; }
  // attributes().serving, for the packet path.
  Serving serving() const { return serving_; }
  const HistoryRef& history() const { return attributes_.history; }

  // Asks the cache for what a lookup reads of the version itself, and for its SOA.
  void prefetch() const {
    zones::prefetch(this);
    zones::prefetch(&apex_.labels);
    zones::prefetch(tail());
  }
  void prefetch_soa() const {
    zones::prefetch(tail() + apex_.size);
    zones::prefetch(tail() + apex_.size + kCacheLine);
  }

  // The SOA, prepared with the apex as owner, and its length in a message that asks for the apex.
  Answer soa() const { return Answer(tail() + apex_.size); }
  OwnedRecord soa_record() const;
  unsigned soa_size() const { return soa().head().rr_size; }
  // min(TTL, MINIMUM): what a negative answer may be cached for (RFC 2308 §5).
  uint32_t negative_ttl() const { return negative_ttl_; }
  // The SOA's EXPIRE: the last number but one (RFC 1035 §3.3.13).
  uint32_t expire() const { return load32(soa().bytes() + soa_size() - 8); }
  // How long a secondary of ours may serve this version without a successful refresh (RFC 7314 §4): for a local zone
  // EXPIRE, for one that we transfer from a primary the rest of its EXPIRE. `now`: Unix seconds.
  uint32_t expire_at(uint64_t now) const {
    if (attributes_.is_local() || attributes_.origin->expires == 0) return expire();
    const uint64_t end = attributes_.origin->expires;
    return end <= now ? 0 : static_cast<uint32_t>(std::min<uint64_t>(end - now, expire()));
  }

  const Page::Counts& counts() const { return counts_; }  // without the SOA
  size_t memory() const;                                  // octets, shared pages included
  size_t transfer_octets() const { return octets_; }      // of the records that AXFR sends, compressed

  Found find(uint64_t hash, NameView name) const;
  Found apex_node() const;  // none if the SOA stands alone

  // The one chain that proofs come from; 0 if there is none that is complete. A signer that changes parameters builds
  // another chain beside the one in use, and names a chain of NSEC3 at the apex when it is complete (RFC 5155 §4,
  // §7.3): by an NSEC3PARAM with flags 0. With several of these it is the first whose chain has the apex, and without
  // any the chain of NSEC, if that has the apex.
  ChainId chain() const { return chain_; }
  // @pre chain() is one of NSEC3
  Nsec3Parameters nsec3_parameters() const;
  // The last owner of the chain at or before `name` in canonical order; before the first, the last of all, for the
  // chain is a circle. Two binary searches. `strictly`: the last before `name`, even if that has a record itself.
  // @pre chain() != 0
  Found predecessor(NameView name, bool strictly = false) const;

  // The records of `name`, a name at or below the apex, without the SOA.
  std::vector<OwnedRecord> records_at(NameView name) const;

  // Two steps that bring to the cache what find() will read, each depending on the one before: the slot of the index;
  // the head of the page that it names. A zone of one page needs but one.
  using IndexPlace = HashTrie<uint32_t>::Place;
  IndexPlace prefetch_first(uint64_t hash) const {
    if (!many_) {
      zones::prefetch(single_.get());
      return {};
    }
    const IndexPlace place = many_->index.place(hash);
    place.prefetch();
    return place;
  }
  const Page* prefetch_second(const IndexPlace& place) const {
    if (!many_) return single_.get();
    const uint32_t* id = place.guess();
    if (id == nullptr) return nullptr;
    const Page* page = &many_->page(*id);
    zones::prefetch(page);
    return page;
  }

  // Pages in canonical order of their names. A zone of nothing but its SOA has none.
  unsigned page_count() const { return many_ ? static_cast<unsigned>(many_->order.size()) : (single_ ? 1 : 0); }
  const Page& page(unsigned i) const { return many_ ? many_->page(many_->order[i]) : *single_; }

  // The ids of the pages, in their order; empty if there is no more than one page.
  std::span<const uint32_t> page_ids() const { return many_ ? std::span(many_->order) : std::span<const uint32_t>(); }
  // Calls visit(id, page of `before`, page of `after`) for each page that two versions of a zone do not share; null
  // where there is none. Either version may be null, and a page that is a version's only one has no id and does not
  // count.
  template <class Visitor>
  static void for_each_difference(const ZoneVersion* before, const ZoneVersion* after, Visitor&& visit) {
    const unsigned chunks = std::max(chunk_count(before), chunk_count(after));
    for (unsigned c = 0; c < chunks; ++c) {
      const Chunk* old = chunk(before, c);
      const Chunk* now = chunk(after, c);
      for (unsigned i = 0; old != now && i < kChunk; ++i) {
        const Page* old_page = old != nullptr ? old->pages[i].get() : nullptr;
        const Page* page = now != nullptr ? now->pages[i].get() : nullptr;
        if (old_page != page) visit(c * kChunk + i, old_page, page);
      }
    }
  }

  // Calls visit(Record) for the SOA, then for every other record in canonical order.
  template <class Visitor>
  void for_each_record(Visitor&& visit) const {
    const OwnedRecord soa = soa_record();
    visit(soa.view());
    for (unsigned i = 0; i < page_count(); ++i) page(i).for_each_record(apex_, visit);
  }

  // A version is one allocation: this object, the apex' name, the prepared SOA.
  void operator delete(void* memory) { ::operator delete (memory, std::align_val_t{kCacheLine}); }

 private:
  static constexpr size_t kCacheLine = 64;
  static constexpr unsigned kChunk = 64;
  struct Chunk : boost::intrusive_ref_counter<Chunk> {
    std::array<PageRef, kChunk> pages;
  };
  // What a zone of more than one page needs. Page ids stay when neighbours split or vanish, so the index stays too.
  struct Many {
    std::vector<boost::intrusive_ptr<const Chunk>> chunks;  // page id → page; null: a free id
    std::vector<uint32_t> order;                            // page ids, canonical
    std::vector<uint32_t> free_ids;
    HashTrie<uint32_t> index;           // name hash → page id
    std::vector<uint32_t> chain_pages;  // ids of the pages that have a part of chain_; canonical
    const Page& page(uint32_t id) const { return *chunks[id / kChunk]->pages[id % kChunk]; }
  };
  class Editor;

  static unsigned chunk_count(const ZoneVersion* version) {
    return version != nullptr && version->many_ ? static_cast<unsigned>(version->many_->chunks.size()) : 0;
  }
  static const Chunk* chunk(const ZoneVersion* version, unsigned i) {
    return i < chunk_count(version) ? version->many_->chunks[i].get() : nullptr;
  }

  // Makes a version with its SOA and without pages.
  static boost::intrusive_ptr<ZoneVersion> create(const Apex& apex, const Record& soa, Attributes attributes);
  // @pre `answer` is the prepared SOA, and this object has room for it and for the apex behind it.
  ZoneVersion(NameView apex, const Record& soa, const std::string& answer, Attributes attributes);
  void operator delete(void* memory, std::align_val_t) { ::operator delete (memory, std::align_val_t{kCacheLine}); }
  // Takes the page that is to be its only one.
  void hold(PageRef only);

  // What chain() shall be. @pre all pages are there
  ChainId choose_chain() const;
  unsigned chain_page_count() const { return many_ ? static_cast<unsigned>(many_->chain_pages.size()) : 1; }
  const Page& chain_page(unsigned i) const { return many_ ? many_->page(many_->chain_pages[i]) : *single_; }

  const uint8_t* tail() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint8_t* tail() { return reinterpret_cast<uint8_t*>(this + 1); }
  unsigned first_base() const { return apex_.question_end() + soa_size(); }

  // What the packet path reads comes first.
  PageRef single_;  // the only page, or null
  std::unique_ptr<const Many> many_;
  Page::Counts counts_;
  Apex apex_;  // its name stands in tail()
  bool has_secondaries_;
  Serving serving_;
  uint32_t serial_, negative_ttl_;
  ChainId chain_ = 0;
  uint64_t octets_ = 0;
  Attributes attributes_;
};

}  // namespace axfrd::zones

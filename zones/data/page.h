// Page: a run of a zone's names, as the messages that AXFR sends, with an index and prepared answers beside them.
//
// Purpose. One copy of the records serves transfers (messages, by reference), the packet path (answers, one copy each)
// and the store (messages). Everything but the messages is derived from them.
//
// Threads. Immutable once built; shared by versions and held by transfers through PageRef.
//
// Layout, one allocation:
//
//   Page | Slot[slot_count] | Node[node_count + 1] | RRset[rrset_count] | chains | Message[message_count] | answers |
//   messages
//
//   Slot    tag and number of a node; open addressing by the low half of the name's hash
//   Node    one name in canonical order: where it stands in the messages, its RRsets, what lookups must know of it
//   RRset   type, number of records, its answer
//   chains  a ChainPart for each chain that has records here; then, part by part, and in canonical order in each part:
//           what the names of the owners begin with in that order (sort_prefix); then the numbers of their nodes
//   Message the record part of one DNS message of a transfer
//
// Message bytes are compressed for a message whose question is the apex at offset 12 and whose records begin at `base`
// (behind the question; in the very first message of the zone, behind the SOA too). Answer bytes are described at
// Answer.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "zones/data/apex.h"
#include "zones/data/page_render.h"
#include "zones/data/prepared_answer.h"
#include "zones/data/record.h"
#include "zones/data/unpack.h"
#include "zones/wire/name.h"
#include "zones/wire/nsec3.h"
#include "zones/wire/prefetch.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

class Page;
using PageRef = boost::intrusive_ptr<const Page>;

class Page : public boost::intrusive_ref_counter<Page> {
 public:
  // Node flags.
  enum : uint8_t {
    kCut = 1,  // has NS and is not the apex: names at and below it are delegated
    kDname = 2,
    kCname = 4,
    kWildcard = 8,  // leftmost label is "*"
    kHashed = 16,   // owns NSEC3 and nothing else: no name of the zone (RFC 5155 §7.2.8)
  };
  struct Slot {
    uint16_t tag;
    uint16_t node;  // number + 1; 0: empty
  };
  struct Node {
    uint32_t name_at;      // in the messages part
    uint16_t first_rrset;  // ends where the next node's begin; none: an empty non-terminal
    uint8_t flags;
    uint8_t labels;  // of the whole name, without the root
  };
  struct RRset {
    uint16_t type;
    uint16_t rr_count;   // 0: only signatures stand here (the SOA's, at the apex)
    uint32_t answer_at;  // in the answers part
  };
  struct Message {
    uint32_t at;  // in the messages part
    uint16_t size;
    uint16_t base;  // offset of its first record in the DNS message
    uint16_t records;
  };
  // What a version adds up over its pages.
  struct Counts {
    uint32_t records = 0, names = 0;  // names: without empty non-terminals
    uint32_t barriers = 0;            // delegations and DNAMEs, which hide what is below them
    uint32_t wildcards = 0;
    uint32_t nsec = 0, nsec3 = 0;  // owners of these
  };
  // The part of a chain that stands in a page: the owners of its records (ChainId says which chain there are).
  struct ChainPart {
    ChainId id;
    uint32_t first, size;
  };

  // Derives a page from its messages. `base` is where the first message's records begin; `shared_labels` says how many
  // labels (from the root) the first name shares with the last name of the page before, or the apex' count for the
  // first page. Throws std::invalid_argument if the messages are not what render() makes: for bytes read from disk.
  // Where `hashes` is given, it gets the hashes of the nodes' names, in their order.
  static PageRef from_image(const Apex& apex, const PageImage& image, unsigned base, unsigned shared_labels,
                            std::vector<uint64_t>* hashes = nullptr);

  void operator delete(void* memory) { ::operator delete (memory, std::align_val_t{kAlign}); }

  const Counts& counts() const { return counts_; }
  unsigned node_count() const { return node_count_; }
  const Node& node(unsigned i) const { return nodes()[i]; }
  std::span<const RRset> rrsets(const Node& node) const {
    return {rrset_table() + node.first_rrset, rrset_table() + (&node + 1)->first_rrset};
  }
  // The RRset of `type` at `node`; nullptr if there is none. One with rr_count 0 counts as there.
  const RRset* rrset(const Node& node, uint16_t type) const {
    for (const RRset& set : rrsets(node)) {
      if (set.type == type) return &set;
    }
    return nullptr;
  }
  Answer answer(const RRset& set) const { return Answer(base_ + answers_at_ + set.answer_at); }

  // The part of a chain that stands here; nullptr if there is none.
  const ChainPart* chain_part(ChainId id) const;
  // The node of the i-th owner in `part`, in canonical order.
  unsigned chain_node(const ChainPart& part, unsigned i) const { return chain_nodes()[part.first + i]; }
  // How the name of the i-th of them stands to `name`, whose sort_prefix() behind the apex is `prefix`.
  std::strong_ordering chain_order(const ChainPart& part, unsigned i, const Apex& apex, NameView name,
                                   uint64_t prefix) const {
    const uint64_t own = chain_prefixes()[part.first + i];
    return own != prefix ? own <=> prefix : name_order(chain_node(part, i), apex, name);
  }
  // Whether `node` owns an NSEC3 record of the chain.
  bool is_in_chain(const Node& node, ChainId id) const;

  // The node of `name`, a name at or below the apex; nullptr if there is none.
  const Node* find(uint64_t hash, NameView name, const Apex& apex) const;
  // find() in steps, for a caller with other work between them. Each asks the cache for what the next one reads, and
  // the last for what write() of the answer does: the slots where a search begins; the first node with the hash's tag,
  // null if there is none; its name and its RRsets; the first octets of an answer, and of a signature behind it.
  void prefetch_slot(uint64_t hash) const {
    prefetch(slots() + first_slot(hash), kProbed * sizeof(Slot));
    prefetch(message_table());
  }
  const Node* guess(uint64_t hash) const {
    const Slot* table = slots();
    for (unsigned at = first_slot(hash); table[at].node != 0; at = at + 1 < slot_count_ ? at + 1 : 0) {
      if (table[at].tag != static_cast<uint16_t>(hash)) continue;
      const Node* node = nodes() + table[at].node - 1;
      prefetch(node, 2 * sizeof(Node));  // the next one says where its RRsets end
      return node;
    }
    return nullptr;
  }
  void prefetch_rrsets(const Node& node) const {
    prefetch(rrset_table() + node.first_rrset);
    prefetch(base_ + messages_at_ + node.name_at, kName);
  }
  void prefetch_answer(const RRset& set, bool with_signatures) const {
    prefetch(base_ + answers_at_ + set.answer_at, with_signatures ? kSignedAnswer : kAnswer);
  }
  // Whether the node, such as a guess, has this name.
  bool is_named(const Node& node, NameView name, const Apex& apex) const;

  unsigned message_count() const { return message_count_; }
  const Message& message(unsigned i) const { return message_table()[i]; }
  Bytes message_bytes(unsigned i) const { return {base_ + messages_at_ + message(i).at, message(i).size}; }
  PageImage image() const;
  // Asks the cache for what message_bytes() looks into; reads the page's head.
  void prefetch_messages() const { prefetch(message_table()); }

  // The whole name of node `i`, written to `buffer`.
  NameView name(unsigned i, const Apex& apex, std::array<uint8_t, kMaxName>& buffer) const;
  // First and last name that owns records.
  Name first_name(const Apex& apex) const;
  Name last_name(const Apex& apex) const;
  uint64_t name_hash(unsigned i, const Apex& apex) const;

  // Calls visit(Record) for each record in order, uncompressed. The record is valid during the call only.
  template <class Visitor>
  void for_each_record(const Apex& apex, Visitor&& visit) const;

  size_t memory() const { return size_; }

 private:
  friend class PageAssembler;
  static constexpr size_t kAlign = 64;
  // What lookups mostly read: slots, and octets of a name up to its pointer and of an answer.
  static constexpr unsigned kProbed = 4, kName = 16, kAnswer = 40, kSignedAnswer = 130;

  Page() = default;
  unsigned first_slot(uint64_t hash) const {
    return static_cast<unsigned>((((hash >> 16) & 0xFFFF) * slot_count_) >> 16);
  }
  const Slot* slots() const { return reinterpret_cast<const Slot*>(base_); }
  const Node* nodes() const { return reinterpret_cast<const Node*>(base_ + nodes_at_); }
  const RRset* rrset_table() const { return reinterpret_cast<const RRset*>(base_ + rrsets_at_); }
  std::span<const ChainPart> chain_parts() const {
    return {reinterpret_cast<const ChainPart*>(base_ + chains_at_), chain_part_count_};
  }
  const uint64_t* chain_prefixes() const {
    return reinterpret_cast<const uint64_t*>(std::to_address(chain_parts().end()));
  }
  const uint16_t* chain_nodes() const { return reinterpret_cast<const uint16_t*>(chain_prefixes() + chain_links_); }
  std::strong_ordering name_order(unsigned node, const Apex& apex, NameView name) const;
  const Message* message_table() const { return reinterpret_cast<const Message*>(base_ + message_table_at_); }
  const Message& message_holding(uint32_t at) const {
    unsigned m = message_count_ - 1;
    while (message(m).at > at) --m;
    return message(m);
  }

  const uint8_t* base_ = nullptr;  // just behind this object
  uint32_t slot_count_ = 0, node_count_ = 0;
  uint32_t nodes_at_ = 0, rrsets_at_ = 0, chains_at_ = 0, message_table_at_ = 0, answers_at_ = 0, messages_at_ = 0;
  uint32_t message_count_ = 0;
  uint32_t chain_part_count_ = 0, chain_links_ = 0;  // links: what all parts hold
  Counts counts_;
  size_t size_ = 0;
};

template <class Visitor>
void Page::for_each_record(const Apex& apex, Visitor&& visit) const {
  RecordScratch scratch;
  for (unsigned m = 0; m < message_count_; ++m) {
    const Bytes body = message_bytes(m);
    for (unsigned at = 0; at < body.size();) visit(unpack_record(body, at, message(m).base, apex, scratch));
  }
}

}  // namespace axfrd::zones

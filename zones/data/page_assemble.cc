// Page::from_image(): what stands in the messages of a page is taken apart, and becomes its index and its answers.
#include <algorithm>
#include <new>
#include <optional>

#include "zones/data/answer_writer.h"
#include "zones/data/page.h"
#include "zones/data/unpack.h"

namespace axfrd::zones {

// Puts one page after the other together. Reused, so that its memory is: pages come by the hundred thousand at a start.
class PageAssembler {
 public:
  void begin(const Apex& apex, unsigned base, unsigned shared_labels) {
    apex_ = &apex;
    base_ = base;
    shared_ = shared_labels;
    clear();
  }

  void add_message(const MessageImage& image) {
    const unsigned base = messages_.empty() ? base_ : apex_->question_end();
    const Bytes body = bytes_of(image.bytes);
    if (body.size() + base > kMaxMessage) malformed_page("a message larger than 65535 octets");
    messages_.push_back({static_cast<uint32_t>(bytes_.size()), static_cast<uint16_t>(body.size()),
                         static_cast<uint16_t>(base), image.records});
    unsigned at = 0;
    for (unsigned i = 0; i < image.records; ++i) {
      const unsigned start = at;
      const Record r = unpack_record(body, at, base, *apex_, scratch_);
      if (node_records_.empty() || !r.owner.equals(owner_)) {
        finish_node();
        begin_node(body, start, base, r.owner);
      }
      add_record(r);
    }
    if (at != body.size()) malformed_page("octets behind the last record");
    counts_.records += image.records;
    bytes_ += image.bytes;
  }

  PageRef finish() {
    finish_node();
    if (nodes_.empty()) malformed_page("no records");
    nodes_.push_back({0, static_cast<uint16_t>(rrsets_.size()), 0, 0});  // ends the last node's RRsets
    return allocate();
  }
  const std::vector<uint64_t>& hashes() const { return hashes_; }

 private:
  struct NodeRecord {
    uint16_t type, group;
    uint32_t ttl;
    size_t rdata_at, rdata_size;  // in rdata_
  };

  void clear() {
    clear_node();
    nodes_.clear();
    hashes_.clear();
    rrsets_.clear();
    links_.clear();
    messages_.clear();
    answers_.clear();
    bytes_.clear();
    counts_ = {};
  }
  void clear_node() {
    node_records_.clear();
    rdata_.clear();
  }

  void add_record(const Record& r) {
    node_records_.push_back({r.type, grouping_type(r.type, r.rdata), r.ttl, rdata_.size(), r.rdata.size()});
    append(rdata_, r.rdata);
  }

  void begin_node(Bytes body, unsigned start, unsigned base, NameView owner) {
    const unsigned labels = owner.label_count();
    unsigned shared = shared_;
    if (nodes_.empty()) {
      if (!owner.is_at_or_below(apex_->name)) malformed_page("a name outside the zone");
    } else {
      const NameRelation relation = relate(owner_, owner);
      if (relation.order >= 0) malformed_page("names out of order");
      shared = relation.common;
      if (shared < apex_->labels) malformed_page("a name outside the zone");
    }
    for (unsigned n = std::max(shared, apex_->labels) + 1; n < labels; ++n) {
      add_node(owner.parent(labels - n), n, suffix_at(body, start, base, labels - n));
    }
    std::memcpy(owner_bytes_.data(), owner.data(), owner.size());
    owner_ = {owner_bytes_.data(), owner.size()};
    add_node(owner, labels, start);
    ++counts_.names;
  }

  void add_node(NameView name, unsigned labels, unsigned at) {
    const auto flags = static_cast<uint8_t>(name.is_wildcard() ? Page::kWildcard : 0);
    nodes_.push_back({static_cast<uint32_t>(bytes_.size() + at), static_cast<uint16_t>(rrsets_.size()), flags,
                      static_cast<uint8_t>(labels)});
    hashes_.push_back(NameHash::process().below(apex_->hash, name, name.size() - apex_->size));
    if (name.is_wildcard()) ++counts_.wildcards;
    if (nodes_.size() > 0xFFF0) malformed_page("too many names");
  }

  // Where the name at `at` goes on after `labels` labels.
  static unsigned suffix_at(Bytes body, unsigned at, unsigned base, unsigned labels) {
    const auto follow = [&] {
      while (is_pointer(body[at])) at = (load16(&body[at]) & 0x3FFFU) - base;
    };
    for (follow(); labels > 0; --labels) {
      at += body[at] + 1U;
      if (labels > 1) follow();
    }
    return at;
  }

  void finish_node() {
    if (node_records_.empty()) return;
    const auto order = [](const NodeRecord& a, const NodeRecord& b) {
      return a.group != b.group ? a.group < b.group : (a.type != rrtype::RRSIG && b.type == rrtype::RRSIG);
    };
    if (!std::is_sorted(node_records_.begin(), node_records_.end(), order)) {
      std::stable_sort(node_records_.begin(), node_records_.end(), order);
    }
    for (size_t first = 0; first < node_records_.size();) first = add_rrset(first);
    clear_node();
    Page::Node& node = nodes_.back();
    if ((node.flags & (Page::kCut | Page::kDname)) != 0) ++counts_.barriers;
    const bool alone = rrsets_.size() - node.first_rrset == 1;
    if (alone && rrsets_.back().type == rrtype::NSEC3) node.flags |= Page::kHashed;
  }

  size_t add_rrset(size_t first) {
    const uint16_t type = node_records_[first].group;
    AnswerWriter& writer = answer_writer();
    writer.begin(*apex_, owner_);
    size_t last = first;
    for (; last < node_records_.size() && node_records_[last].group == type; ++last) {
      const NodeRecord& r = node_records_[last];
      writer.add(r.type, r.ttl, bytes_of(rdata_).subspan(r.rdata_at, r.rdata_size));
    }
    if (rrsets_.size() >= 0xFFFF) malformed_page("too many RRsets");
    rrsets_.push_back({type, writer.rr_count(), static_cast<uint32_t>(answers_.size())});
    writer.append_to(answers_);
    if (writer.rr_count() > 0) note_type(type);
    if (writer.rr_count() > 0 && type == rrtype::NSEC3) join_nsec3_chains(first, last);
    return last;
  }

  void note_type(uint16_t type) {
    Page::Node& node = nodes_.back();
    if (type == rrtype::NS && node.labels > apex_->labels) node.flags |= Page::kCut;
    if (type == rrtype::DNAME) node.flags |= Page::kDname;
    if (type == rrtype::CNAME) node.flags |= Page::kCname;
    if (type == rrtype::NSEC) {
      join_chain(kNsecChain);
      ++counts_.nsec;
    }
  }

  // The records of one RRset mostly belong to one chain.
  void join_nsec3_chains(size_t first, size_t last) {
    const size_t joined = links_.size();
    for (size_t i = first; i < last; ++i) {
      const NodeRecord& r = node_records_[i];
      if (r.type != rrtype::NSEC3) continue;
      const auto id = nsec3_chain(bytes_of(rdata_).subspan(r.rdata_at, r.rdata_size));
      const auto same = [&](const Link& link) { return link.id == id; };
      if (id && std::none_of(links_.begin() + static_cast<ptrdiff_t>(joined), links_.end(), same)) join_chain(*id);
    }
    ++counts_.nsec3;
  }

  void join_chain(ChainId id) {
    links_.push_back({id, sort_prefix(owner_, apex_->labels), static_cast<uint16_t>(nodes_.size() - 1)});
  }

  // Sorts the links by chain. Each chain stays in the order of its names.
  std::vector<Page::ChainPart> chain_parts() {
    const auto by_id = [](const Link& a, const Link& b) { return a.id < b.id; };
    if (!std::is_sorted(links_.begin(), links_.end(), by_id)) std::stable_sort(links_.begin(), links_.end(), by_id);
    std::vector<Page::ChainPart> parts;
    for (uint32_t i = 0; i < links_.size(); ++i) {
      if (i == 0 || links_[i].id != links_[i - 1].id) parts.push_back({links_[i].id, i, 0});
      ++parts.back().size;
    }
    return parts;
  }

  PageRef allocate() {
    const auto node_count = static_cast<uint32_t>(hashes_.size());
    const uint32_t slot_count = node_count + node_count / 2 + 1;  // two probes find a name
    uint32_t size = slot_count * static_cast<uint32_t>(sizeof(Page::Slot));
    const auto place = [&size](size_t bytes, uint32_t align) {
      const uint32_t at = (size + align - 1) & ~(align - 1);
      size = at + static_cast<uint32_t>(bytes);
      return at;
    };
    const uint32_t nodes_at = place(nodes_.size() * sizeof(Page::Node), alignof(Page::Node));
    const uint32_t rrsets_at = place(rrsets_.size() * sizeof(Page::RRset), alignof(Page::RRset));
    const std::vector<Page::ChainPart> parts = chain_parts();
    const uint32_t chains_at =
        place(parts.size() * sizeof(Page::ChainPart) + links_.size() * (sizeof(uint64_t) + sizeof(uint16_t)),
              alignof(uint64_t));
    const uint32_t messages_at = place(messages_.size() * sizeof(Page::Message), alignof(Page::Message));
    const uint32_t answers_at = place(answers_.size(), 1);
    const uint32_t bytes_at = place(bytes_.size(), 1);

    void* memory = ::operator new (sizeof(Page) + size, std::align_val_t{Page::kAlign});
    auto* page = new (memory) Page;
    auto* base = static_cast<uint8_t*>(memory) + sizeof(Page);
    std::memset(base, 0, nodes_at);
    const auto copy = [base](uint32_t at, const void* from, size_t bytes) {
      if (bytes != 0) std::memcpy(base + at, from, bytes);
    };
    copy(nodes_at, nodes_.data(), nodes_.size() * sizeof(Page::Node));
    copy(rrsets_at, rrsets_.data(), rrsets_.size() * sizeof(Page::RRset));
    copy(chains_at, parts.data(), parts.size() * sizeof(Page::ChainPart));
    auto* prefix = reinterpret_cast<uint64_t*>(base + chains_at + parts.size() * sizeof(Page::ChainPart));
    for (const Link& link : links_) *prefix++ = link.prefix;
    auto* linked_node = reinterpret_cast<uint16_t*>(prefix);
    for (const Link& link : links_) *linked_node++ = link.node;
    copy(messages_at, messages_.data(), messages_.size() * sizeof(Page::Message));
    copy(answers_at, answers_.data(), answers_.size());
    copy(bytes_at, bytes_.data(), bytes_.size());

    page->base_ = base;
    page->slot_count_ = slot_count;
    page->node_count_ = node_count;
    page->nodes_at_ = nodes_at;
    page->rrsets_at_ = rrsets_at;
    page->chains_at_ = chains_at;
    page->message_table_at_ = messages_at;
    page->answers_at_ = answers_at;
    page->messages_at_ = bytes_at;
    page->message_count_ = static_cast<uint32_t>(messages_.size());
    page->chain_part_count_ = static_cast<uint32_t>(parts.size());
    page->chain_links_ = static_cast<uint32_t>(links_.size());
    page->counts_ = counts_;
    page->size_ = sizeof(Page) + size;
    fill_slots(*page, reinterpret_cast<Page::Slot*>(base));
    return page;
  }

  void fill_slots(const Page& page, Page::Slot* slots) const {
    for (unsigned i = 0; i < hashes_.size(); ++i) {
      unsigned at = page.first_slot(hashes_[i]);
      while (slots[at].node != 0) at = at + 1 < page.slot_count_ ? at + 1 : 0;
      slots[at] = {static_cast<uint16_t>(hashes_[i]), static_cast<uint16_t>(i + 1)};
    }
  }

  const Apex* apex_ = nullptr;
  unsigned base_ = 0, shared_ = 0;
  // ---- of the current node ----
  std::array<uint8_t, kMaxName> owner_bytes_;
  NameView owner_;
  std::vector<NodeRecord> node_records_;
  std::string rdata_;
  // ---- of the page ----
  std::vector<Page::Node> nodes_;
  std::vector<uint64_t> hashes_;  // of nodes_
  std::vector<Page::RRset> rrsets_;
  struct Link {
    ChainId id;
    uint64_t prefix;
    uint16_t node;
  };
  std::vector<Link> links_;  // of the owners of NSEC and NSEC3 to their chains
  std::vector<Page::Message> messages_;
  std::string answers_, bytes_;
  Page::Counts counts_;
  RecordScratch scratch_;
};

PageRef Page::from_image(const Apex& apex, const PageImage& image, unsigned base, unsigned shared_labels,
                         std::vector<uint64_t>* hashes) {
  thread_local PageAssembler assembler;
  assembler.begin(apex, base, shared_labels);
  for (const MessageImage& message : image) assembler.add_message(message);
  PageRef page = assembler.finish();
  if (hashes != nullptr) *hashes = assembler.hashes();
  return page;
}

}  // namespace axfrd::zones

#include "zones/page.h"

#include <algorithm>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "zones/rdata_form.h"

namespace axfrd::zones {
namespace {

[[noreturn]] void malformed(const char* what) { throw std::invalid_argument(std::string("malformed page: ") + what); }

void append(std::string& out, Bytes bytes) { out.append(text_of(bytes)); }
void append16(std::string& out, unsigned v) {
  std::array<uint8_t, 2> two;
  store16(two.data(), v);
  append(out, two);
}

// Answers may be moved back by what stands before them in a message, so their own pointers keep well below
// kPointerReach.
constexpr unsigned kAnswerReach = kPointerReach / 2;

// Remembers where names stand in one message and writes further names against them. Compares octets exactly, so that
// the case of every name survives. Reused for message after message: reset() costs nothing.
class Compressor {
 public:
  // A new message whose question is `question` at offset 12, of which the part from `known_from` on (the apex) may be
  // pointed at, and whose records begin at `base`. Names beyond `reach` are not pointed at.
  void reset(NameView question, unsigned known_from, unsigned base, unsigned reach) {
    question_ = question;
    base_ = base;
    reach_ = reach;
    used_ = 0;
    if (++generation_ == 0) {
      table_.fill({});
      generation_ = 1;
    }
    const NameView known(question.data() + known_from, question.size() - known_from);
    Suffixes suffixes(known);
    for (unsigned i = 0; i < suffixes.count; ++i) enter(suffixes.hash[i], kHeaderSize + known_from + suffixes.at[i]);
  }

  // Enters a name that stands in the records at `start`: its first label, then a pointer.
  void enter_child(NameView name, size_t start) { remember(Suffixes(name), 1, start); }

  // Appends `name` to the message whose records are out[body_at…]. Returns where in them a pointer was written, if one
  // was.
  std::optional<uint16_t> put(std::string& out, size_t body_at, NameView name) {
    const Suffixes suffixes(name);
    const size_t start = out.size() - body_at;
    for (unsigned i = 0; i < suffixes.count; ++i) {
      const unsigned target = lookup(out, body_at, suffixes.hash[i], name.parent(i));
      if (target == 0) continue;
      append(out, {name.data(), suffixes.at[i]});
      remember(suffixes, i, start);
      const auto pointer_at = static_cast<uint16_t>(out.size() - body_at);
      append16(out, pointer_to(target));
      return pointer_at;
    }
    append(out, name.bytes());
    remember(suffixes, suffixes.count, start);
    return std::nullopt;
  }

 private:
  // Offsets and hashes of a name and its ancestors, without the root.
  struct Suffixes {
    explicit Suffixes(NameView name) {
      const uint8_t* p = name.data();
      for (unsigned o = 0; p[o] != 0; o += p[o] + 1U) at[count++] = static_cast<uint8_t>(o);
      uint64_t h = NameHash::process().root();
      for (unsigned i = count; i-- > 0;) hash[i] = h = NameHash::process().extend(h, p + at[i]);
    }
    std::array<uint8_t, kMaxLabels> at;
    std::array<uint64_t, kMaxLabels> hash;
    unsigned count = 0;
  };
  struct Entry {
    uint32_t generation = 0, hash = 0;
    uint16_t offset = 0;
  };
  static constexpr unsigned kEntries = 4096, kMaxUsed = 3072;

  void remember(const Suffixes& suffixes, unsigned count, size_t start) {
    for (unsigned i = 0; i < count; ++i) {
      const size_t offset = base_ + start + suffixes.at[i];
      if (offset < reach_ && used_ < kMaxUsed) enter(suffixes.hash[i], static_cast<unsigned>(offset));
    }
  }
  void enter(uint64_t hash, unsigned offset) {
    unsigned at = hash % kEntries;
    while (table_[at].generation == generation_) at = (at + 1) % kEntries;
    table_[at] = {generation_, static_cast<uint32_t>(hash >> 32), static_cast<uint16_t>(offset)};
    ++used_;
  }
  unsigned lookup(const std::string& out, size_t body_at, uint64_t hash, NameView name) const {
    for (unsigned at = hash % kEntries; table_[at].generation == generation_; at = (at + 1) % kEntries) {
      if (table_[at].hash == static_cast<uint32_t>(hash >> 32) && stands_at(out, body_at, table_[at].offset, name)) {
        return table_[at].offset;
      }
    }
    return 0;
  }
  const uint8_t* octet_at(const std::string& out, size_t body_at, unsigned offset) const {
    return offset < base_ ? question_.data() + (offset - kHeaderSize)
                          : bytes_of(out).data() + body_at + (offset - base_);
  }
  bool stands_at(const std::string& out, size_t body_at, unsigned offset, NameView name) const {
    const uint8_t* p = octet_at(out, body_at, offset);
    for (const uint8_t* label = name.data();; label += *label + 1U) {
      while (is_pointer(*p)) p = octet_at(out, body_at, load16(p) & 0x3FFFU);
      if (*p != *label) return false;
      if (*label == 0) return true;
      if (std::memcmp(p + 1, label + 1, *label) != 0) return false;
      p += *p + 1U;
    }
  }

  NameView question_;
  unsigned base_ = 0, reach_ = 0, used_ = 0;
  uint32_t generation_ = 0;
  std::array<Entry, kEntries> table_{};
};

// One table per thread, because it is large and pages are built by the thousand.
Compressor& compressor() {
  thread_local Compressor instance;
  return instance;
}

// Appends RDATA, and calls put_name(name) for the names in it that may be compressed.
template <class PutName>
void put_rdata(std::string& out, uint16_t type, Bytes rdata, PutName&& put_name) {
  const NamesForm& shape = names_form(type);
  if (shape.compressible == 0) return append(out, rdata);
  append(out, rdata.first(shape.prefix));
  size_t at = shape.prefix;
  for (unsigned i = 0; i < shape.compressible; ++i) {
    const NameView name = *NameView::read(rdata, static_cast<unsigned>(at));
    put_name(name);
    at += name.size();
  }
  append(out, rdata.subspan(at));
}

// RDLENGTH is set when the RDATA is known.
void store_fixed(uint8_t* out, uint16_t type, uint32_t ttl) {
  store16(out, type);
  store16(out + 2, rrclass::IN);
  store32(out + 4, ttl);
  store16(out + 8, 0);
}

void put_fixed(std::string& out, uint16_t type, uint32_t ttl) {
  std::array<uint8_t, kRrFixed> fixed;
  store_fixed(fixed.data(), type, ttl);
  append(out, fixed);
}

void set_rdlength(std::string& out, size_t rdata_at) {
  store16(reinterpret_cast<uint8_t*>(out.data()) + rdata_at - 2, static_cast<unsigned>(out.size() - rdata_at));
}

// ---- rendering ----

class Renderer {
 public:
  Renderer(const Apex& apex, unsigned first_base, unsigned fill) : apex_(apex), base_(first_base), fill_(fill) {
    reset_names();
  }

  // @pre `records` are all those of one name.
  void add_name(std::span<const Record> records) {
    const size_t before = message_.bytes.size();
    const uint16_t records_before = message_.records;
    if (fits(records)) return;
    message_.bytes.resize(before);
    message_.records = records_before;
    if (message_.records > 0) {
      close_page();
      if (fits(records)) return;
    }
    message_ = {};
    reset_names();
    add_large_name(records);
  }

  // Records of many names, over as many messages as they need: one page.
  void add_run(std::span<const Record> records) { add_large_name(records); }

  std::vector<PageImage> finish() {
    if (message_.records > 0) close_page();
    return std::move(pages_);
  }

 private:
  void reset_names() { names_.reset(apex_.name, 0, base_, kPointerReach); }

  bool fits(std::span<const Record> records) {
    for (const Record& r : records) {
      put(r);
      if (base_ + message_.bytes.size() > fill_) return false;
    }
    return true;
  }

  void put(const Record& r) {
    std::string& out = message_.bytes;
    names_.put(out, 0, r.owner);
    put_fixed(out, r.type, r.ttl);
    const size_t rdata_at = out.size();
    put_rdata(out, r.type, r.rdata, [&](NameView name) { names_.put(out, 0, name); });
    set_rdlength(out, rdata_at);
    ++message_.records;
  }

  // A name that no message can hold has a page of several messages to itself.
  void add_large_name(std::span<const Record> records) {
    for (const Record& r : records) {
      const size_t before = message_.bytes.size();
      put(r);
      if (base_ + message_.bytes.size() <= kMaxPageMessage) continue;
      const bool alone_fits = base_ + message_.bytes.size() + kRoomForSignature <= kMaxMessage;
      if (message_.records == 1 && alone_fits) continue;  // a single huge record
      message_.bytes.resize(before);
      --message_.records;
      close_message();
      put(r);
    }
    close_page();
  }

  void close_message() {
    page_.push_back(std::exchange(message_, {}));
    base_ = apex_.question_end();
    reset_names();
  }
  void close_page() {
    close_message();
    pages_.push_back(std::exchange(page_, {}));
  }

  const Apex& apex_;
  unsigned base_;
  const unsigned fill_;
  Compressor& names_ = compressor();
  std::vector<PageImage> pages_;
  PageImage page_;
  MessageImage message_;
};

// Whether a label of `name`, or its root, begins at `offset`. @pre offset < name.size()
bool label_begins(NameView name, unsigned offset) {
  unsigned at = 0;
  while (at < offset) at += name.data()[at] + 1U;
  return at == offset;
}

}  // namespace

std::vector<PageImage> render_pages(const Apex& apex, unsigned first_base, std::span<const Record> records,
                                    unsigned fill) {
  Renderer renderer(apex, first_base, fill);
  for (size_t first = 0; first < records.size();) {
    size_t last = first + 1;
    while (last < records.size() && records[last].owner.equals(records[first].owner)) ++last;
    renderer.add_name(records.subspan(first, last - first));
    first = last;
  }
  return renderer.finish();
}

std::vector<MessageImage> render_messages(const Apex& apex, std::span<const Record> records) {
  Renderer renderer(apex, apex.question_end(), kMaxPageMessage);
  renderer.add_run(records);
  return renderer.finish().front();
}

// ---- reading messages ----

NameView unpack_name(Bytes body, unsigned& at, unsigned base, const Apex& apex, std::array<uint8_t, kMaxName>& buffer) {
  unsigned size = 0, from = at;
  bool jumped = false;
  for (;;) {
    if (from >= body.size()) malformed("a name runs out of its message");
    const uint8_t length = body[from];
    if (is_pointer(length)) {
      if (from + 2 > body.size()) malformed("half a pointer");
      const unsigned target = load16(&body[from]) & 0x3FFFU;
      if (!jumped) at = from + 2;
      jumped = true;
      if (target >= kHeaderSize && target < kHeaderSize + apex.size) {  // the rest is (a suffix of) the apex
        const NameView name = apex.name;
        const unsigned skip = target - kHeaderSize, rest = name.size() - skip;
        if (!label_begins(name, skip)) malformed("a pointer into the middle of a label");
        if (size + rest > kMaxName) malformed("a name of more than 255 octets");
        std::memcpy(buffer.data() + size, name.data() + skip, rest);
        return {buffer.data(), size + rest};
      }
      if (target < base || target - base >= from) malformed("a pointer that does not point back");
      from = target - base;
      continue;
    }
    if (length > kMaxLabel) malformed("a label type that does not exist");
    if (from + 1 + length > body.size() || size + 1 + length > kMaxName) malformed("a label that does not fit");
    std::memcpy(buffer.data() + size, &body[from], length + 1U);
    size += length + 1U;
    from += length + 1U;
    if (length == 0) {
      if (!jumped) at = from;
      return {buffer.data(), size};
    }
  }
}

Record unpack_record(Bytes body, unsigned& at, unsigned base, const Apex& apex, RecordScratch& scratch) {
  Record r;
  r.owner = unpack_name(body, at, base, apex, scratch.owner);
  if (at + kRrFixed > body.size()) malformed("a record cut short");
  r.type = load16(&body[at]);
  r.ttl = load32(&body[at + 4]);
  const unsigned length = load16(&body[at + 8]);
  at += kRrFixed;
  if (at + length > body.size()) malformed("data cut short");
  const unsigned end = at + length;
  const NamesForm& shape = names_form(r.type);
  if (shape.compressible == 0) {
    r.rdata = body.subspan(at, length);
    at = end;
    return r;
  }
  if (shape.prefix > length) malformed("data too short for its type");
  scratch.rdata.assign(reinterpret_cast<const char*>(&body[at]), shape.prefix);
  at += shape.prefix;
  std::array<uint8_t, kMaxName> buffer;
  for (unsigned i = 0; i < shape.compressible; ++i)
    append(scratch.rdata, unpack_name(body, at, base, apex, buffer).bytes());
  if (at > end) malformed("a name that runs out of its data");
  append(scratch.rdata, body.subspan(at, end - at));
  at = end;
  r.rdata = bytes_of(scratch.rdata);
  return r;
}

// ---- assembling a page ----

namespace {

// Collects one RRset after the other and appends its Answer. Reused, so that its memory is.
class AnswerWriter {
 public:
  void begin(const Apex& apex, NameView owner) {
    apex_ = &apex;
    owner_ = owner;
    children_ = 0;
    compresses_ = false;
    head_ = {};
    bytes_.clear();
    fixups_.clear();
  }

  void add(uint16_t type, uint32_t ttl, Bytes rdata) {
    std::array<uint8_t, 2 + kRrFixed> head;
    store16(head.data(), pointer_to(kHeaderSize));
    store_fixed(head.data() + 2, type, ttl);
    append(bytes_, head);
    const size_t rdata_at = bytes_.size();
    put_rdata(bytes_, type, rdata, [this](NameView name) { put_name(name); });
    set_rdlength(bytes_, rdata_at);
    if (bytes_.size() > kMaxMessage) malformed("an RRset larger than a message");
    const bool signature = type == rrtype::RRSIG;
    (signature ? head_.sig_count : head_.rr_count)++;
    if (!signature) head_.rr_size = static_cast<uint16_t>(bytes_.size());
  }

  uint16_t rr_count() const { return head_.rr_count; }

  void append_to(std::string& out) {
    head_.sig_size = static_cast<uint16_t>(bytes_.size() - head_.rr_size);
    head_.fixup_count = static_cast<uint16_t>(fixups_.size());
    out.append(reinterpret_cast<const char*>(&head_), sizeof head_);
    out.append(reinterpret_cast<const char*>(fixups_.data()), 2 * fixups_.size());
    out.append(bytes_);
  }

 private:
  unsigned question_end() const { return kHeaderSize + owner_.size() + 4; }

  // Most names are different children of the apex, of which nothing can be shared but the apex: no need to look for it.
  // Pointers go to the apex as the owner spells it, because that is what stands in the message.
  void put_name(NameView name) {
    if (!compresses_ && children_ < children_seen_.size() && is_new_child(name)) return put_child(name);
    if (!compresses_) begin_compression();
    if (const auto at = names_.put(bytes_, 0, name)) fixups_.push_back(*at);
  }
  bool is_new_child(NameView name) const {
    const unsigned label = name.data()[0] + 1U;
    if (apex_->size == 1 || name.size() != label + apex_->size) return false;
    const uint8_t* apex = owner_.data() + owner_.size() - apex_->size;
    if (std::memcmp(name.data() + label, apex, apex_->size) != 0) return false;
    return std::none_of(children_seen_.begin(), children_seen_.begin() + children_,
                        [&](const Child& seen) { return std::memcmp(seen.name.data(), name.data(), label) == 0; });
  }
  void put_child(NameView name) {
    const unsigned label = name.data()[0] + 1U;
    children_seen_[children_++] = {name, bytes_.size()};
    append(bytes_, {name.data(), label});
    fixups_.push_back(static_cast<uint16_t>(bytes_.size()));
    append16(bytes_, pointer_to(kHeaderSize + owner_.size() - apex_->size));
  }
  void begin_compression() {
    compresses_ = true;
    names_.reset(owner_, owner_.size() - apex_->size, question_end(), kAnswerReach);
    for (unsigned i = 0; i < children_; ++i) names_.enter_child(children_seen_[i].name, children_seen_[i].at);
  }

  struct Child {
    NameView name;
    size_t at;  // in bytes_
  };

  const Apex* apex_ = nullptr;
  NameView owner_;
  Compressor& names_ = compressor();
  bool compresses_ = false;
  std::array<Child, 8> children_seen_;
  unsigned children_ = 0;
  Answer::Head head_{};
  std::string bytes_;
  std::vector<uint16_t> fixups_;
};

// One per thread.
AnswerWriter& answer_writer() {
  thread_local AnswerWriter instance;
  return instance;
}

}  // namespace

std::string prepare_answer(const Apex& apex, const Record& record) {
  AnswerWriter& writer = answer_writer();
  writer.begin(apex, record.owner);
  writer.add(record.type, record.ttl, record.rdata);
  std::string out;
  writer.append_to(out);
  return out;
}

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
    if (body.size() + base > kMaxMessage) malformed("a message larger than 65535 octets");
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
    if (at != body.size()) malformed("octets behind the last record");
    counts_.records += image.records;
    bytes_ += image.bytes;
  }

  PageRef finish() {
    finish_node();
    if (nodes_.empty()) malformed("no records");
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
      if (!owner.is_at_or_below(apex_->name)) malformed("a name outside the zone");
    } else {
      const NameRelation relation = relate(owner_, owner);
      if (relation.order >= 0) malformed("names out of order");
      shared = relation.common;
      if (shared < apex_->labels) malformed("a name outside the zone");
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
    if (nodes_.size() > 0xFFF0) malformed("too many names");
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
    if (rrsets_.size() >= 0xFFFF) malformed("too many RRsets");
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

const Page::ChainPart* Page::chain_part(ChainId id) const {
  const auto parts = chain_parts();
  const auto part = std::ranges::lower_bound(parts, id, {}, &ChainPart::id);
  return part != parts.end() && part->id == id ? std::to_address(part) : nullptr;
}

bool Page::is_in_chain(const Node& node, ChainId id) const {
  const RRset* set = rrset(node, rrtype::NSEC3);
  bool found = false;
  if (set != nullptr) answer(*set).for_each_rdata([&](Bytes rdata) { found = found || nsec3_chain(rdata) == id; });
  return found;
}

PageRef Page::from_image(const Apex& apex, const PageImage& image, unsigned base, unsigned shared_labels,
                         std::vector<uint64_t>* hashes) {
  thread_local PageAssembler assembler;
  assembler.begin(apex, base, shared_labels);
  for (const MessageImage& message : image) assembler.add_message(message);
  PageRef page = assembler.finish();
  if (hashes != nullptr) *hashes = assembler.hashes();
  return page;
}

// ---- a page's readers ----

bool Page::is_named(const Node& node, NameView name, const Apex& apex) const {
  const uint8_t* p = base_ + messages_at_ + node.name_at;
  const uint8_t* label = name.data();
  for (;;) {
    const unsigned length = *p;
    if (is_pointer(*p)) {
      const Message& in = message_holding(node.name_at);
      const unsigned target = load16(p) & 0x3FFFU;
      // Both names end in the apex, so what is left of them is the same if it is equally long.
      if (target < in.base) return name.data() + name.size() - label == kHeaderSize + apex.size - target;
      p = base_ + messages_at_ + in.at + (target - in.base);
      continue;
    }
    if (length != *label) return false;
    if (length == 0) return true;
    if (!same_folded(p + 1, label + 1, length)) return false;
    p += length + 1;
    label += length + 1;
  }
}

const Page::Node* Page::find(uint64_t hash, NameView name, const Apex& apex) const {
  const Slot* table = slots();
  const auto tag = static_cast<uint16_t>(hash);
  for (unsigned at = first_slot(hash); table[at].node != 0; at = at + 1 < slot_count_ ? at + 1 : 0) {
    if (table[at].tag != tag) continue;
    const Node& candidate = node(table[at].node - 1U);
    if (is_named(candidate, name, apex)) return &candidate;
  }
  return nullptr;
}

NameView Page::name(unsigned i, const Apex& apex, std::array<uint8_t, kMaxName>& buffer) const {
  const uint32_t name_at = node(i).name_at;
  const Message& in = message_holding(name_at);
  unsigned at = name_at - in.at;
  return unpack_name({base_ + messages_at_ + in.at, in.size}, at, in.base, apex, buffer);
}

std::strong_ordering Page::name_order(unsigned node, const Apex& apex, NameView name) const {
  std::array<uint8_t, kMaxName> buffer;
  return canonical_order(this->name(node, apex, buffer), name);
}

Name Page::first_name(const Apex& apex) const {
  std::array<uint8_t, kMaxName> buffer;
  unsigned i = 0;
  while (rrsets(node(i)).empty()) ++i;
  return Name(name(i, apex, buffer));
}

Name Page::last_name(const Apex& apex) const {
  std::array<uint8_t, kMaxName> buffer;
  return Name(name(node_count_ - 1, apex, buffer));
}

uint64_t Page::name_hash(unsigned i, const Apex& apex) const {
  std::array<uint8_t, kMaxName> buffer;
  return NameHash::process().of(name(i, apex, buffer));
}

PageImage Page::image() const {
  PageImage image;
  for (unsigned m = 0; m < message_count_; ++m) {
    const Bytes body = message_bytes(m);
    image.push_back({message(m).records, std::string(text_of(body))});
  }
  return image;
}

// ---- Answer ----

void Answer::move_pointers(uint8_t* out, unsigned at, unsigned prepared_at, unsigned prepared_apex, MessageHead message,
                           unsigned apex_at) const {
  for (unsigned i = 0; i < head_.fixup_count; ++i) {
    uint16_t where;
    std::memcpy(&where, fixups_ + 2 * i, 2);
    uint8_t* pointer = out + where;
    const unsigned target = load16(pointer) & 0x3FFFU;
    if (target == prepared_apex) {
      store16(pointer, pointer_to(apex_at));
    } else if (target >= prepared_at) {
      store16(pointer, pointer_to(target - prepared_at + at));
    } else {
      store16(pointer, pointer_to(message.part_of_name(apex_at, target - prepared_apex)));
    }
  }
}

}  // namespace axfrd::zones

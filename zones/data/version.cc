#include "zones/data/version.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "zones/data/answer_writer.h"
#include "zones/data/page_render.h"
#include "zones/data/unpack.h"

namespace axfrd::zones {
namespace {

void add_counts(Page::Counts& sum, const Page::Counts& c) {
  sum.records += c.records;
  sum.names += c.names;
  sum.barriers += c.barriers;
  sum.wildcards += c.wildcards;
  sum.nsec += c.nsec;
  sum.nsec3 += c.nsec3;
}
void subtract_counts(Page::Counts& sum, const Page::Counts& c) {
  sum.records -= c.records;
  sum.names -= c.names;
  sum.barriers -= c.barriers;
  sum.wildcards -= c.wildcards;
  sum.nsec -= c.nsec;
  sum.nsec3 -= c.nsec3;
}

std::string describe(const Record& r) { return r.owner.to_text() + " " + type_to_text(r.type); }

// Below this, a page is joined with a neighbour if both then fit one page.
constexpr size_t kSmallPage = kPageFill / 4;

constexpr uint32_t kMaxPages = 1U << 24;  // some 10^10 records: beyond it an id is nonsense

size_t message_octets(const Page& page) {
  size_t total = 0;
  for (unsigned m = 0; m < page.message_count(); ++m) total += page.message(m).size;
  return total;
}

// The page that `image` describes, behind a page whose last name is `last`; the apex, if there is none.
// Page::from_image says what `hashes` gets.
PageRef page_behind(NameView last, const Apex& apex, const PageImage& image, unsigned base,
                    std::vector<uint64_t>* hashes = nullptr) {
  // A first message is empty when its record had no room beside the SOA.
  const auto message = std::ranges::find_if(image, [](const MessageImage& m) { return m.records != 0; });
  if (message == image.end()) throw std::invalid_argument("a page without records");
  std::array<uint8_t, kMaxName> buffer;
  unsigned at = 0;
  const unsigned message_base = message == image.begin() ? base : apex.question_end();
  const NameView first = unpack_name(bytes_of(message->bytes), at, message_base, apex, buffer);
  return Page::from_image(apex, image, base, common_labels(first, last), hashes);
}

}  // namespace

// Puts pages together into a version, and a version's pages into its successor. Works on page ids; positions in `order`
// move.
class ZoneVersion::Editor {
 public:
  // Starts from nothing.
  Editor(const Apex& apex, unsigned first_base) : apex_(apex), first_base_(first_base), index_({}) {}

  // Starts from `old`, sharing its pages.
  Editor(const ZoneVersion& old, unsigned first_base)
      : apex_(old.apex_),
        first_base_(first_base),
        index_(old.many_ ? old.many_->index : HashTrie<uint32_t>()),
        counts_(old.counts_),
        octets_(old.octets_) {
    if (old.many_) {
      chunks_ = old.many_->chunks;
      order_ = old.many_->order;
      free_ids_ = old.many_->free_ids;
      indexed_ = true;
    } else if (old.single_) {
      order_.push_back(take_id(old.single_));
    }
  }

  unsigned size() const { return static_cast<unsigned>(order_.size()); }
  const Page& page(unsigned position) const { return page_of(order_[position]); }

  // The position of the page that holds `name`, or would. @pre size() > 0
  unsigned position_of(NameView name) const {
    unsigned low = 0, high = size();  // the page sought is in [low, high)
    while (high - low > 1) {
      const unsigned middle = (low + high) / 2;
      (canonical_order(page(middle).first_name(apex_), name) <= 0 ? low : high) = middle;
    }
    return low;
  }

  // Puts what `records` render to in the place of the `count` pages from `position` on.
  void replace(unsigned position, unsigned count, std::span<const Record> records) {
    std::vector<PageImage> images = render(position, records);
    std::vector<Assembled> pages;
    std::optional<Name> old_last;
    if (count > 0) old_last = page(position + count - 1).last_name(apex_);
    Name last = position > 0 ? page(position - 1).last_name(apex_) : Name(apex_.name);
    for (const PageImage& image : images) {
      const bool first = position == 0 && pages.empty();
      pages.push_back(assemble(image, first ? first_base_ : apex_.question_end(), last));
      last = pages.back().page->last_name(apex_);
    }
    const auto behind = position + static_cast<unsigned>(pages.size());
    exchange(position, count, std::move(pages));
    if (!old_last || !(*old_last == last)) mend_successor(behind);
  }

  // Puts a page behind all others, under an id that it had before.
  void append(const NumberedPage& numbered) {
    const Name last = order_.empty() ? Name(apex_.name) : page(size() - 1).last_name(apex_);
    auto [page, hashes] = assemble(numbered.image, order_.empty() ? first_base_ : apex_.question_end(), last);
    if (!order_.empty() && canonical_order(last, page->first_name(apex_)) >= 0)
      throw std::invalid_argument("pages out of order");
    if (numbered.id > kMaxPages) throw std::invalid_argument("a page id out of range");
    while (numbered.id >= chunks_.size() * kChunk) chunks_.push_back(new Chunk);
    if (chunks_[numbered.id / kChunk]->pages[numbered.id % kChunk]) throw std::invalid_argument("two pages of one id");
    for (const uint64_t hash : hashes) appended_.emplace_back(hash, numbered.id);
    add_counts(counts_, page->counts());
    octets_ += message_octets(*page);
    set_page(numbered.id, std::move(page));
    order_.push_back(numbered.id);
  }
  // After the last append(): the names get into the index, and the ids between may be taken. A page that stands alone
  // needs neither.
  void finish_appending() {
    if (size() <= 1) return;
    index_.insert(std::exchange(appended_, {}));
    indexed_ = true;
    for (auto id = static_cast<uint32_t>(chunks_.size() * kChunk); id-- > 0;) {
      if (!chunks_[id / kChunk]->pages[id % kChunk]) free_ids_.push_back(id);
    }
  }

  // Moves everything to `version`.
  void finish(ZoneVersion& version) && {
    if (size() == 0) return;
    if (size() == 1) return version.hold(&page(0));
    version.counts_ = counts_;
    version.octets_ = octets_;
    auto many = std::make_unique<Many>();
    many->chunks = std::move(chunks_);
    many->order = std::move(order_);
    many->free_ids = std::move(free_ids_);
    many->index = std::move(index_).finish();
    Many& made = *many;
    version.many_ = std::move(many);
    version.chain_ = version.choose_chain();
    if (version.chain_ != 0) made.chain_pages = pages_with(made, version.chain_);
  }

 private:
  static std::vector<uint32_t> pages_with(const Many& many, ChainId chain) {
    std::vector<uint32_t> ids;
    for (const uint32_t id : many.order) {
      if (many.page(id).chain_part(chain) != nullptr) ids.push_back(id);
    }
    return ids;
  }

  using NodeHashes = std::vector<std::pair<uint64_t, uint32_t>>;  // hash, page id
  struct Assembled {
    PageRef page;
    std::vector<uint64_t> hashes;  // of its nodes' names
  };

  const Page& page_of(uint32_t id) const { return *chunks_[id / kChunk]->pages[id % kChunk]; }

  std::vector<PageImage> render(unsigned position, std::span<const Record> records) const {
    const unsigned base = position == 0 ? first_base_ : apex_.question_end();
    std::vector<PageImage> images = render_pages(apex_, base, records);
    if (images.size() != 2) return images;
    // A page that overflowed: two halves have more room for what comes next than a full page and a crumb.
    const size_t total = images[0][0].bytes.size() + images[1][0].bytes.size();
    std::vector<PageImage> halves = render_pages(apex_, base, records, base + static_cast<unsigned>(total / 2) + 256);
    return halves.size() == 2 ? std::move(halves) : std::move(images);
  }

  Assembled assemble(const PageImage& image, unsigned base, NameView last) const {
    Assembled assembled;
    assembled.page = page_behind(last, apex_, image, base, &assembled.hashes);
    return assembled;
  }

  void set_page(uint32_t id, PageRef page) {
    const uint32_t chunk = id / kChunk;
    if (chunk == chunks_.size()) chunks_.push_back(new Chunk);
    if (chunks_[chunk]->use_count() > 1) chunks_[chunk].reset(new Chunk(*chunks_[chunk]));
    // Nobody else has this one yet.
    const_cast<Chunk&>(*chunks_[chunk]).pages[id % kChunk] = std::move(page);
  }

  uint32_t take_id(PageRef page) {
    if (free_ids_.empty()) {
      const auto first = static_cast<uint32_t>(chunks_.size() * kChunk);
      for (uint32_t i = kChunk; i-- > 0;) free_ids_.push_back(first + i);
    }
    const uint32_t id = free_ids_.back();
    free_ids_.pop_back();
    set_page(id, std::move(page));
    return id;
  }

  void collect(const Page& page, uint32_t id, NodeHashes& out) const {
    for (unsigned i = 0; i < page.node_count(); ++i) out.emplace_back(page.name_hash(i, apex_), id);
  }
  // Before there is more than one page.
  void begin_index() {
    if (std::exchange(indexed_, true)) return;
    NodeHashes hashes;
    for (const uint32_t id : order_) collect(page_of(id), id, hashes);
    index_.insert(hashes);
  }

  // Exchanges `count` pages for `pages`, keeping ids where it can, so that the index changes only for names that moved.
  void exchange(unsigned position, unsigned count, std::vector<Assembled> pages) {
    if (size() - count + pages.size() > 1) begin_index();
    NodeHashes before, after;
    std::vector<uint32_t> ids;
    for (unsigned i = 0; i < count; ++i) {
      ids.push_back(order_[position + i]);
      subtract_counts(counts_, page(position + i).counts());
      octets_ -= message_octets(page(position + i));
      if (indexed_) collect(page(position + i), ids.back(), before);
    }
    for (size_t i = pages.size(); i < ids.size(); ++i) {
      set_page(ids[i], nullptr);
      free_ids_.push_back(ids[i]);
    }
    ids.resize(std::min(ids.size(), pages.size()));
    for (size_t i = 0; i < pages.size(); ++i) {
      const Page& page = *pages[i].page;
      add_counts(counts_, page.counts());
      octets_ += message_octets(page);
      if (i < ids.size()) {
        set_page(ids[i], std::move(pages[i].page));
      } else {
        ids.push_back(take_id(std::move(pages[i].page)));
      }
      if (indexed_) {
        for (const uint64_t hash : pages[i].hashes) after.emplace_back(hash, ids[i]);
      }
    }
    const auto at = order_.erase(order_.begin() + position, order_.begin() + position + count);
    order_.insert(at, ids.begin(), ids.end());
    if (indexed_) update_index(before, after);
  }

  void update_index(NodeHashes& before, NodeHashes& after) {
    if (before.empty()) return index_.insert(after);
    std::ranges::sort(before);
    std::ranges::sort(after);
    NodeHashes gone, come;
    std::ranges::set_difference(before, after, std::back_inserter(gone));
    std::ranges::set_difference(after, before, std::back_inserter(come));
    for (const auto& [hash, id] : gone) index_.erase(hash, id);
    index_.insert(come);
  }

  // The empty non-terminals before a page's first name depend on the last name of the page before it.
  void mend_successor(unsigned position) {
    if (position >= size() || position == 0) return;
    const Page& next = page(position);
    Assembled mended = assemble(next.image(), apex_.question_end(), page(position - 1).last_name(apex_));
    if (mended.page->node_count() == next.node_count()) return;
    std::vector<Assembled> pages;
    pages.push_back(std::move(mended));
    exchange(position, 1, std::move(pages));
  }

  const Apex& apex_;
  const unsigned first_base_;
  std::vector<boost::intrusive_ptr<const Chunk>> chunks_;
  std::vector<uint32_t> order_, free_ids_;
  NodeHashes appended_;
  HashTrie<uint32_t>::Editor index_;
  bool indexed_ = false;
  Page::Counts counts_;
  uint64_t octets_ = 0;
};

boost::intrusive_ptr<ZoneVersion> ZoneVersion::create(const Apex& apex, const Record& soa, Attributes attributes) {
  // Its names point at the apex as the zone spells it, however the record does.
  const std::string answer = prepare_answer(apex, {apex.name, soa.type, soa.ttl, soa.rdata});
  void* memory = ::operator new (sizeof(ZoneVersion) + apex.size + answer.size(), std::align_val_t{kCacheLine});
  return new (memory) ZoneVersion(apex.name, soa, answer, std::move(attributes));
}

ZoneVersion::ZoneVersion(NameView apex, const Record& soa, const std::string& answer, Attributes attributes)
    : apex_(NameView(std::ranges::copy(apex.bytes(), tail()).out - apex.size(), apex.size())),
      has_secondaries_(attributes.enabled_secondaries() != nullptr),
      serving_(attributes.serving),
      attributes_(std::move(attributes)) {
  std::ranges::copy(answer, tail() + apex_.size);
  const uint8_t* numbers = soa.rdata.data() + soa.rdata.size() - 20;  // SERIAL REFRESH RETRY EXPIRE MINIMUM
  serial_ = load32(numbers);
  negative_ttl_ = std::min(soa.ttl, load32(numbers + 16));
}

void ZoneVersion::hold(PageRef only) {
  counts_ = only->counts();
  octets_ = message_octets(*only);
  single_ = std::move(only);
  chain_ = choose_chain();
}

VersionRef ZoneVersion::build(const RecordSet& records, Attributes attributes) {
  std::vector<Record> others;
  others.reserve(records.size());
  Record soa;
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].type == rrtype::SOA) {
      soa = records[i];
    } else {
      others.push_back(records[i]);
    }
  }
  const auto version = create(Apex(records.apex()), soa, std::move(attributes));
  Editor editor(version->apex_, version->first_base());
  if (!others.empty()) editor.replace(0, 0, others);
  std::move(editor).finish(*version);
  return version;
}

VersionRef ZoneVersion::restore(NameView apex, const Record& soa, std::span<const NumberedPage> pages,
                                Attributes attributes) {
  const auto version = create(Apex(apex), soa, std::move(attributes));
  if (pages.size() == 1) {
    version->hold(page_behind(apex, version->apex_, pages.front().image, version->first_base()));
    return version;
  }
  Editor editor(version->apex_, version->first_base());
  for (const NumberedPage& page : pages) editor.append(page);
  editor.finish_appending();
  std::move(editor).finish(*version);
  return version;
}

namespace {

// The records of one page, with the changes that fall on it.
class PageEdit {
 public:
  explicit PageEdit(const Apex& apex) : apex_(apex), records_(Name(apex.name)) {}

  void remove(const OwnedRecord& r) {
    removed_.insert(record_key(r.view()));
    owners_.insert(NameHash::process().of(r.owner));
  }
  void add(const OwnedRecord& r) {
    if (!fresh_.insert(record_key(r.view())).second)
      throw DeltaMismatch("adds the same data twice: " + describe(r.view()));
    added_.push_back(&r);
    owners_.insert(NameHash::process().of(r.owner));
  }

  // The page that the changes fall on.
  void take(const Page& page) {
    page.for_each_record(apex_, [&](const Record& r) {
      if (!owners_.contains(NameHash::process().of(r.owner))) return enter(r);
      std::string key = record_key(r);
      if (removed_.contains(key)) {
        found_.insert(std::move(key));
        return;
      }
      if (fresh_.contains(key)) throw DeltaMismatch("adds a record that is there already: " + describe(r));
      enter(r);
    });
  }
  // A neighbour that the page is joined with.
  void join(const Page& neighbour) {
    neighbour.for_each_record(apex_, [this](const Record& r) { enter(r); });
  }
  // After take(); what is in here by now and what will be added.
  size_t octets() const {
    size_t total = octets_;
    for (const OwnedRecord* r : added_) total += 2 + kRrFixed + r->rdata.size();
    return total;
  }

  // Views into this object, in canonical order. Of a record that an earlier release stored twice, in two cases, one
  // copy stays: secondaries have no more.
  std::vector<Record> finish() {
    if (found_.size() != removed_.size()) throw DeltaMismatch("removes a record that is not there");
    for (const OwnedRecord* r : added_) enter(r->view());
    if (auto problem = records_.finish_part()) throw DeltaMismatch(problem->reason);
    if (records_.leveled()) throw DeltaMismatch("leaves an RRset with more than one TTL");
    std::vector<Record> views;
    views.reserve(records_.size());
    for (size_t i = 0; i < records_.size(); ++i) views.push_back(records_[i]);
    return views;
  }

 private:
  void enter(const Record& r) {
    if (auto problem = records_.add(r)) throw DeltaMismatch(problem->reason);
    octets_ += 2 + kRrFixed + r.rdata.size();
  }

  const Apex& apex_;
  std::unordered_set<uint64_t> owners_;  // hashes of the names that change: all other records are taken as they are
  std::unordered_set<std::string> removed_, found_;  // what goes, and what of it was there
  std::unordered_set<std::string> fresh_;            // what is added, and must not be there
  std::vector<const OwnedRecord*> added_;
  RecordSet records_;
  size_t octets_ = 0;
};

}  // namespace

VersionRef ZoneVersion::apply(const Delta& delta, const OwnedRecord& soa, Attributes attributes) const {
  const auto next = create(apex_, soa.view(), std::move(attributes));
  Editor editor(*this, next->first_base());

  std::map<unsigned, PageEdit, std::greater<>> edits;  // from the last page on, so that positions stay true
  const auto edit_of = [&](const OwnedRecord& r) -> PageEdit& {
    return edits.try_emplace(editor.size() > 0 ? editor.position_of(r.owner) : 0, apex_).first->second;
  };
  for (const OwnedRecord& r : delta.removed) edit_of(r).remove(r);
  for (const OwnedRecord& r : delta.added) edit_of(r).add(r);
  // The first page's messages begin behind the SOA.
  if (next->soa_size() != soa_size() && editor.size() > 0) edits.try_emplace(0, apex_);

  for (auto& [at, edit] : edits) {
    unsigned count = 0;
    if (editor.size() > 0) {
      edit.take(editor.page(at));
      ++count;
    }
    // The first page must not vanish alone: the next one's messages do not begin where the zone's first message does.
    const bool small = edit.octets() < kSmallPage && at + 1 < editor.size();
    if (small && (edit.octets() == 0 || message_octets(editor.page(at + 1)) < 2 * kSmallPage)) {
      edit.join(editor.page(at + 1));
      ++count;
    }
    editor.replace(at, count, edit.finish());
  }
  std::move(editor).finish(*next);
  return next;
}

std::vector<OwnedRecord> ZoneVersion::records_at(NameView name) const {
  std::vector<OwnedRecord> records;
  const Found found = find(NameHash::process().of(name), name);
  if (!found) return records;
  // An answer's pointers are those of a message that asks for the owner itself.
  std::array<uint8_t, kMaxName> buffer;
  const Apex owner(found.page->name(static_cast<unsigned>(found.node - &found.page->node(0)), apex_, buffer));
  RecordScratch scratch;
  for (const Page::RRset& set : found.page->rrsets(*found.node)) {
    const Answer answer = found.page->answer(set);
    const Answer::Head head = answer.head();
    const Bytes octets{answer.bytes(), size_t{head.rr_size} + head.sig_size};
    for (unsigned at = 0; at < octets.size();)
      records.emplace_back(unpack_record(octets, at, owner.question_end(), owner, scratch));
  }
  return records;
}

OwnedRecord ZoneVersion::soa_record() const {
  const Answer::Head head = soa().head();
  unsigned at = 0;
  RecordScratch scratch;
  return OwnedRecord(unpack_record({soa().bytes(), head.rr_size}, at, apex_.question_end(), apex_, scratch));
}

size_t ZoneVersion::memory() const {
  size_t total = sizeof(ZoneVersion) + apex_.size + soa_size();
  for (unsigned i = 0; i < page_count(); ++i) total += page(i).memory();
  return total;
}

ZoneVersion::Found ZoneVersion::find(uint64_t hash, NameView name) const {
  if (!many_) {
    if (!single_) return {};
    return {single_.get(), single_->find(hash, name, apex_)};
  }
  Found found;
  many_->index.find(hash, [&](uint32_t id) {
    found.page = &many_->page(id);
    found.node = found.page->find(hash, name, apex_);
    return found.node != nullptr;
  });
  return found;
}

ChainId ZoneVersion::choose_chain() const {
  if (counts_.nsec == 0 && counts_.nsec3 == 0) return 0;
  const Found apex = apex_node();
  if (!apex) return 0;
  ChainId chosen = 0;
  const auto try_chain = [&](Bytes rdata) {
    const auto parameters = zones::nsec3_parameters(rdata);
    if (chosen != 0 || !parameters) return;
    const Nsec3Label label = nsec3_label(apex_.name, *parameters);
    std::array<uint8_t, kMaxName> owner;
    if (label.size() + apex_.size > owner.size()) return;
    std::ranges::copy(apex_.name.bytes(), std::ranges::copy(label, owner.begin()).out);
    const Found found = find(NameHash::process().extend(apex_.hash, label.data()),
                             {owner.data(), static_cast<unsigned>(label.size()) + apex_.size});
    const auto id = nsec3_chain(rdata);
    if (found && id && found.page->is_in_chain(*found.node, *id)) chosen = *id;
  };
  if (const Page::RRset* set = apex.page->rrset(*apex.node, rrtype::NSEC3PARAM))
    apex.page->answer(*set).for_each_rdata(try_chain);
  if (chosen != 0) return chosen;
  const Page::RRset* nsec = apex.page->rrset(*apex.node, rrtype::NSEC);
  return nsec != nullptr && nsec->rr_count != 0 ? kNsecChain : 0;
}

Nsec3Parameters ZoneVersion::nsec3_parameters() const {
  Nsec3Parameters parameters;
  const Found apex = apex_node();
  apex.page->answer(*apex.page->rrset(*apex.node, rrtype::NSEC3PARAM)).for_each_rdata([&](Bytes rdata) {
    if (nsec3_chain(rdata) != chain_) return;
    if (const auto found = zones::nsec3_parameters(rdata)) parameters = *found;
  });
  return parameters;
}

ZoneVersion::Found ZoneVersion::predecessor(NameView name, bool strictly) const {
  const uint64_t prefix = sort_prefix(name, apex_.labels);
  const auto begins_after_name = [&](const Page& page, const Page::ChainPart& part, unsigned i) {
    const auto order = page.chain_order(part, i, apex_, name, prefix);
    return strictly ? order >= 0 : order > 0;
  };
  unsigned first = 0, end = chain_page_count();  // the page sought is in [first, end)
  while (end - first > 1) {
    const unsigned middle = (first + end) / 2;
    const Page& page = chain_page(middle);
    (begins_after_name(page, *page.chain_part(chain_), 0) ? end : first) = middle;
  }
  const Page* page = &chain_page(first);
  const Page::ChainPart* part = page->chain_part(chain_);
  unsigned low = 0, high = part->size;  // those before `low` are not behind the name
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (begins_after_name(*page, *part, middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  if (low == 0) {
    page = &chain_page(chain_page_count() - 1);
    part = page->chain_part(chain_);
    low = part->size;
  }
  return {page, &page->node(page->chain_node(*part, low - 1))};
}

ZoneVersion::Found ZoneVersion::apex_node() const {
  if (page_count() == 0) return {};
  const Page& first = page(0);
  if (first.node(0).labels != apex_.labels) return {};
  return {&first, &first.node(0)};
}

}  // namespace axfrd::zones

#include "control/operate/record_page.h"

#include <algorithm>
#include <map>
#include <utility>

#include "zones/data/derived.h"
#include "zones/text/zonefile.h"
#include "zones/wire/ascii.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::NameView;
using zones::OwnedRecord;
using zones::PseudoRecord;
using zones::ZoneVersion;

constexpr size_t kMostExamined = 200'000;  // records of one search: some hundred milliseconds

bool contains_ignoring_case(std::string_view text, std::string_view sought) {
  const auto same = [](char a, char b) {
    return zones::fold(static_cast<uint8_t>(a)) == zones::fold(static_cast<uint8_t>(b));
  };
  return std::search(text.begin(), text.end(), sought.begin(), sought.end(), same) != text.end();
}

class Reader {
 public:
  Reader(const ZoneVersion& version, const WantRecords& wanted)
      : version_(version), wanted_(wanted), derived_(version.pseudo().get()), apex_(version.apex().name) {
    if (version.pseudo()) {
      for (const PseudoRecord& record : *version.pseudo()) pseudo_[zones::sort_key(record.owner)].push_back(&record);
    }
  }

  RecordPage read() {
    if (wanted_.owner) {
      take_owner(*wanted_.owner);
      return std::move(page_);
    }
    if (!wanted_.after) take_owner(apex_);
    next_pseudo_ = wanted_.after ? pseudo_.upper_bound(zones::sort_key(*wanted_.after)) : pseudo_.begin();
    for (unsigned i = first_page(); i < version_.page_count() && !is_full(); ++i) take_page(version_.page(i));
    while (!is_full() && next_pseudo_ != pseudo_.end()) take_pseudo_owner();
    return std::move(page_);
  }

 private:
  bool is_full() const { return page_.next.has_value(); }

  // The page where the first owner after `after` stands.
  unsigned first_page() const {
    unsigned first = 0, end = version_.page_count();
    if (!wanted_.after) return 0;
    while (end - first > 1) {
      const unsigned middle = (first + end) / 2;
      const Name begin = version_.page(middle).first_name(version_.apex());
      (zones::canonical_order(begin, *wanted_.after) > 0 ? end : first) = middle;
    }
    return first;
  }

  void take_page(const zones::Page& page) {
    std::vector<OwnedRecord> of_owner;
    const auto take = [&] {
      if (of_owner.empty()) return;
      const Name owner = of_owner.front().owner;
      take_records(owner, std::exchange(of_owner, {}));
    };
    page.for_each_record(version_.apex(), [&](const zones::Record& record) {
      if (is_full()) return;
      if (!of_owner.empty() && !of_owner.front().owner.view().equals(record.owner)) take();
      of_owner.emplace_back(record);
    });
    if (!is_full()) take();
  }

  // An owner on its way through the zone: ALIAS and URL records of owners before it come first.
  void take_records(const Name& owner, std::vector<OwnedRecord> records) {
    if (owner == apex_ || (wanted_.after && zones::canonical_order(owner, *wanted_.after) <= 0)) return;
    const std::string key = zones::sort_key(owner);
    while (!is_full() && next_pseudo_ != pseudo_.end() && next_pseudo_->first < key) take_pseudo_owner();
    if (is_full()) return;
    if (next_pseudo_ != pseudo_.end() && next_pseudo_->first == key) ++next_pseudo_;
    take(owner, std::move(records));
  }
  void take_pseudo_owner() {
    const Name owner = next_pseudo_->second.front()->owner;
    ++next_pseudo_;
    if (!(owner == apex_)) take(owner, {});
  }
  void take_owner(const Name& owner) {
    if (!owner.view().is_at_or_below(apex_)) return;
    std::vector<OwnedRecord> records;
    if (owner == apex_) records.push_back(version_.soa_record());
    for (OwnedRecord& record : version_.records_at(owner)) records.push_back(std::move(record));
    take(owner, std::move(records));
  }

  void take(const Name& owner, std::vector<OwnedRecord> records) {
    std::erase_if(records, [&](const OwnedRecord& record) { return derived_.is_derived(record.view()); });
    std::stable_sort(records.begin(), records.end(), [](const OwnedRecord& a, const OwnedRecord& b) {
      const auto rank = [](const OwnedRecord& r) { return std::pair(r.type != zones::rrtype::SOA, r.type); };
      return rank(a) < rank(b);
    });
    for (auto begin = records.begin(); begin != records.end();) {
      const auto end = std::find_if(begin, records.end(), [&](const auto& r) { return r.type != begin->type; });
      RecordPage::RRset rrset{owner, zones::type_to_text(begin->type), begin->ttl, {}, {}};
      for (auto record = begin; record != end; ++record) {
        rrset.records.push_back(zones::data_of_line(zones::record_to_text(record->view())));
        if (stands_for_secondary(record->view())) rrset.secondary.push_back(rrset.records.back());
      }
      add(std::move(rrset));
      begin = end;
    }
    if (const auto found = pseudo_.find(zones::sort_key(owner)); found != pseudo_.end()) take_pseudo(found->second);
    examined_ += records.size();
    const bool looked_enough = examined_ >= kMostExamined;
    if (page_.rrsets.size() < wanted_.most && !looked_enough) return;
    page_.next = owner;
    page_.is_cut = page_.rrsets.size() < wanted_.most;
  }

  void take_pseudo(const std::vector<const PseudoRecord*>& records) {
    std::map<std::string, RecordPage::RRset> by_type;
    for (const PseudoRecord* record : records) {
      const std::string type = record->kind == PseudoRecord::Kind::alias ? "ALIAS" : "URL";
      auto& rrset =
          by_type.try_emplace(type, RecordPage::RRset{record->owner, type, record->ttl, {}, {}}).first->second;
      rrset.records.push_back(zones::data_of_line(zones::pseudo_to_text(*record)));
    }
    for (auto& [type, rrset] : by_type) add(std::move(rrset));
  }

  void add(RecordPage::RRset rrset) {
    if (!wanted_.type.empty() && !zones::equals_ignoring_case(wanted_.type, rrset.type)) return;
    const auto fits = [&](std::string_view text) { return contains_ignoring_case(text, wanted_.search); };
    if (wanted_.search.empty() || fits(rrset.owner.to_text()) || fits(rrset.type) ||
        std::ranges::any_of(rrset.records, fits))
      page_.rrsets.push_back(std::move(rrset));
  }

  bool stands_for_secondary(const zones::Record& record) const {
    const auto& settings = version_.attributes().secondary_dns;
    if (record.type != zones::rrtype::NS || !settings || !settings->stands() || !record.owner.equals(apex_))
      return false;
    const auto server = NameView::read(record.rdata);
    return server &&
           std::ranges::any_of(settings->added, [&](const Name& added) { return added.view().equals(*server); });
  }

  using Pseudo = std::map<std::string, std::vector<const PseudoRecord*>>;  // by sort key of the owner

  const ZoneVersion& version_;
  const WantRecords& wanted_;
  const zones::DerivedFilter derived_;
  const Name apex_;
  Pseudo pseudo_;
  Pseudo::const_iterator next_pseudo_;
  RecordPage page_;
  size_t examined_ = 0;
};

}  // namespace

RecordPage read_records(const ZoneVersion& version, const WantRecords& wanted) {
  return Reader(version, wanted).read();
}

}  // namespace axfrd::control

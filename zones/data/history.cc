#include "zones/data/history.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

namespace axfrd::zones {
namespace {

// SERIAL REFRESH RETRY EXPIRE MINIMUM end a SOA's data (RFC 1035 §3.3.13).
uint32_t serial_of(const Record& soa) {
  const auto serial = serial_in(soa.type, soa.rdata);
  if (!serial) throw std::invalid_argument("a step that does not begin with a SOA");
  return *serial;
}

// Adds up steps. What is added and removed again, or the other way round, with the same TTL, cancels.
class Sum {
 public:
  void add(const Step& step) {
    step.for_each([this](const Record& record, bool is_added) {
      const auto [entry, fresh] = net_.try_emplace(record_key(record), Net{0, OwnedRecord(record)});
      entry->second.count += is_added ? 1 : -1;
      if (entry->second.count == 0) {
        net_.erase(entry);
      } else if (!fresh) {
        sound_ = false;  // added twice, or removed twice
      }
    });
  }
  bool sound() const { return sound_; }
  Delta delta() && {
    Delta delta;
    for (auto& [key, net] : net_) (net.count > 0 ? delta.added : delta.removed).push_back(std::move(net.record));
    const auto order = [](const OwnedRecord& a, const OwnedRecord& b) { return record_order(a.view(), b.view()) < 0; };
    std::ranges::sort(delta.removed, order);
    std::ranges::sort(delta.added, order);
    return delta;
  }

 private:
  struct Net {
    int count;  // +1 added, -1 removed
    OwnedRecord record;
  };
  std::unordered_map<std::string, Net> net_;  // by record key
  bool sound_ = true;
};

}  // namespace

uint32_t soa_serial(const OwnedRecord& soa) { return serial_of(soa.view()); }

void set_soa_serial(OwnedRecord& soa, uint32_t serial) {
  store32(reinterpret_cast<uint8_t*>(soa.rdata.data()) + soa.rdata.size() - kSoaNumbers, serial);
}

Step::Step(const OwnedRecord& before, uint32_t to, int64_t time, const Delta& delta, PseudoBefore pseudo,
           std::string_view by)
    : from_(soa_serial(before)),
      to_(to),
      time_(time),
      removed_(static_cast<uint32_t>(delta.removed.size())),
      added_(static_cast<uint32_t>(delta.added.size())),
      pseudo_before_(std::move(pseudo)),
      by_(by.substr(0, kMostBy)) {
  append_record(records_, before.view());
  for (const OwnedRecord& r : delta.removed) append_record(records_, r.view());
  for (const OwnedRecord& r : delta.added) append_record(records_, r.view());
  records_.shrink_to_fit();
}

Step::Step(uint32_t to, int64_t time, uint32_t removed, uint32_t added, std::string records, PseudoBefore pseudo,
           std::string by)
    : to_(to),
      time_(time),
      removed_(removed),
      added_(added),
      records_(std::move(records)),
      pseudo_before_(std::move(pseudo)),
      by_(std::move(by)) {
  const Bytes bytes = bytes_of(records_);
  size_t at = 0;
  from_ = serial_of(read_record(bytes, at));
  for (uint64_t i = 0; i < uint64_t{removed} + added; ++i) read_record(bytes, at);
  if (at != bytes.size()) throw std::invalid_argument("a step with octets left over");
}

size_t Step::memory() const {
  size_t octets = sizeof *this + records_.size() + by_.size();
  if (pseudo_before_ && *pseudo_before_) {
    for (const PseudoRecord& p : **pseudo_before_) octets += sizeof p + p.target.size();
  }
  return octets;
}

OwnedRecord Step::soa_before() const {
  size_t at = 0;
  return OwnedRecord(read_record(bytes_of(records_), at));
}

History::History(std::vector<StepRef> steps) : steps_(std::move(steps)) {
  for (const StepRef& step : steps_) memory_ += step->memory() + sizeof(StepRef);
}

HistoryRef History::extend(const HistoryRef& before, StepRef step, size_t octets) {
  size_t room = octets, kept = 0;  // the newest `kept` steps of `before` stay
  const size_t own = step->memory() + sizeof(StepRef);
  if (own > room) return nullptr;
  room -= own;
  std::vector<StepRef> steps;
  if (before) {
    const auto& old = before->steps();
    for (; kept < old.size() && kept + 1 < kMaxSteps; ++kept) {
      const size_t size = old[old.size() - 1 - kept]->memory() + sizeof(StepRef);
      if (size > room) break;
      room -= size;
    }
    steps.reserve(kept + 1);
    steps.assign(old.end() - static_cast<ptrdiff_t>(kept), old.end());
  }
  steps.push_back(std::move(step));
  return new History(std::move(steps));
}

HistoryRef History::trim(const HistoryRef& history) {
  if (history->steps().size() == 1) return nullptr;
  return new History({history->steps().begin() + 1, history->steps().end()});
}

std::optional<History::Since> History::since(uint32_t serial) const {
  // The newest step from there: a serial can come again after the whole circle of them.
  const auto found =
      std::ranges::find(steps_.rbegin(), steps_.rend(), serial, [](const StepRef& s) { return s->from(); });
  if (found == steps_.rend()) return std::nullopt;
  Sum sum;
  Step::PseudoBefore pseudo;
  for (auto step = found.base() - 1; step != steps_.end(); ++step) {
    if (step != found.base() - 1 && (*step)->from() != (*(step - 1))->to()) return std::nullopt;
    sum.add(**step);
    if (!pseudo) pseudo = (*step)->pseudo_before();
  }
  if (!sum.sound()) return std::nullopt;
  return Since{(*found)->soa_before(), std::move(sum).delta(), std::move(pseudo)};
}

}  // namespace axfrd::zones

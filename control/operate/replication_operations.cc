#include "control/operate/replication_operations.h"

#include <algorithm>
#include <utility>

#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

void add(ReplicationChart& chart, const ReplicationSample& sample, int64_t now) {
  chart.samples.push_back(sample);
  if (chart.samples.size() > chart.kept) chart.samples.pop_front();
  chart.end = now;
}

}  // namespace

void ReplicationOperations::replication(const Principal& who, Done<Replication> done) const {
  constexpr size_t kMostDebts = 100;
  const bool sees_all = who.scope.is_all();
  context_.server().notify.run(
      [this, sees_all, scope = who.scope, done = std::move(done)](const NotifyService& notify) {
        Replication found{std::nullopt, Json::array(), Json::array()};
        if (sees_all) {
          found.overview = notify.overview();
          found.hosts = notify.hosts();
        }
        found.debts = notify.oldest_debts(kMostDebts, [&](const zones::Name& zone) { return scope.contains(zone); });
        boost::asio::post(context_.loop(), [done, found = std::move(found)]() mutable { done(std::move(found)); });
      });
}

void ReplicationOperations::count(std::vector<zones::VersionRef> versions, bool more, const Done<Zones>& done) const {
  context_.server().notify.run([this, versions = std::move(versions), more, done](const NotifyService& notify) mutable {
    Zones found{{}, more};
    for (zones::VersionRef& version : versions) {
      const auto count = notify.count(zones::Name(version->apex().name));
      found.lines.push_back({std::move(version), count});
    }
    boost::asio::post(context_.loop(), [done, found = std::move(found)]() mutable { done(std::move(found)); });
  });
}

void ReplicationOperations::zones(const Principal& who, const ListZones& request, const Done<Zones>& done) const {
  ZoneList list(context_, who, request);
  std::vector<zones::VersionRef> versions;
  while (true) {
    auto some = list.next();
    if (some.empty()) break;
    std::ranges::move(some, std::back_inserter(versions));
  }
  count(std::move(versions), list.is_cut(), done);
}

// The zones behind, gathered a page at a time. Owned by the service thread until it has enough.
struct ReplicationOperations::Gathering {
  ZoneScope scope;
  std::string within;
  size_t most;
  Done<Zones> done;
  std::optional<std::string> last;
  std::vector<zones::Name> found = {};
};

void ReplicationOperations::behind(const Principal& who, const ListZones& request, Done<Zones> done) const {
  const auto after = request.after ? std::optional(zones::sort_key(*request.after)) : std::nullopt;
  gather_next(std::make_shared<Gathering>(
      Gathering{who.scope, ApexIndex::folded(request.within), *request.limit, std::move(done), after}));
}

void ReplicationOperations::gather_next(const std::shared_ptr<Gathering>& gathering) const {
  context_.server().notify.run([this, gathering](const NotifyService& notify) {
    const auto page = notify.behind_page(gathering->last);
    gathering->last = page.last;
    for (const zones::Name& zone : page.zones) {
      const bool fits =
          gathering->scope.contains(zone) && ApexIndex::text_of(zone).find(gathering->within) != std::string::npos;
      if (fits) gathering->found.push_back(zone);
    }
    const bool enough = gathering->found.size() > gathering->most;
    if (page.more && !enough) return gather_next(gathering);
    if (enough) gathering->found.resize(gathering->most);
    boost::asio::post(context_.loop(), [this, gathering, enough] {
      std::vector<zones::VersionRef> versions;
      for (const zones::Name& zone : gathering->found) {
        if (auto version = context_.find(zone)) versions.push_back(std::move(version));
      }
      count(std::move(versions), enough, gathering->done);
    });
  });
}

void ReplicationOperations::sample() {
  context_.server().notify.run([this](const NotifyService& notify) {
    const auto overview = notify.overview();
    const int64_t now = unix_time();
    const ReplicationSample sample{overview.behind_pairs,
                                   overview.oldest_debt != 0 ? std::max<int64_t>(0, now - overview.oldest_debt) : 0};
    boost::asio::post(context_.loop(), [this, sample, now] {
      add(hour_, sample, now);
      worst_.behind = std::max(worst_.behind, sample.behind);
      worst_.oldest_seconds = std::max(worst_.oldest_seconds, sample.oldest_seconds);
      if (++sampled_ % (day_.step / kSampleEvery) != 0) return;
      add(day_, std::exchange(worst_, {}), now);
    });
  });
}

}  // namespace axfrd::control

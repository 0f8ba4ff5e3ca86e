#include "control/ending/ending_service.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "control/base/unix_time.h"
#include "control/dnsclient/parent.h"

namespace axfrd::control {

namespace asio = boost::asio;

EndingService::EndingService(asio::io_context& loop, const EndingSettings& settings,
                             const std::vector<std::string>& resolvers, Committer& committer, const Log& log)
    : loop_(loop),
      committer_(committer),
      timer_(loop),
      resolver_(loop, resolvers),
      endings_(settings,
               {&Endings::Clock::now, [] { return unix_time(); }, [this](Endings::Time time) { wake(time); },
                [this](const zones::Name& apex, const std::vector<zones::Name>& names, dnsclient::ParentDone done) {
                  const auto look_up = [this](const std::string& name, uint16_t type, ResolvedDone resolved) {
                    resolver_.look_up(name, type, std::move(resolved));
                  };
                  dnsclient::ask_parent({loop_, look_up}, apex, names, std::move(done));
                },
                [this](const zones::Name& apex, const zones::Ending& ending, Endings::EndDone done) {
                  end(apex, ending, std::move(done));
                }},
               log) {}

void EndingService::wake(Endings::Time time) {
  timer_.expires_at(time);
  timer_.async_wait([this](const auto& cancelled) {
    if (!cancelled) endings_.turn();
  });
}

void EndingService::end(const zones::Name& apex, const zones::Ending& ending, Endings::EndDone done) {
  std::string names;
  for (const zones::Name& name : ending.leaving) names += (names.empty() ? "" : ", ") + name.to_text();
  const auto edit = [ending](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const auto& current = zone.attributes().secondary_dns;
    zones::SecondaryDns next = current ? *current : zones::SecondaryDns{};
    // The ending may have been changed meanwhile.
    if (next.ending != ending) return next;
    next.disable();
    return next;
  };
  committer_.set_secondary(
      apex, {.kind = kSecondaryDns, .detail = "that waited until the parent zone had dropped " + names}, edit,
      [this, done = std::move(done)](const Outcome<Committer::SecondarySet>& outcome) {
        const auto* failure = std::get_if<Failure>(&outcome);
        asio::post(loop_,
                   [done, failure = failure != nullptr ? std::optional(*failure) : std::nullopt] { done(failure); });
      });
}

}  // namespace axfrd::control

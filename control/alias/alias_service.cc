#include "control/alias/alias_service.h"

#include <boost/asio/post.hpp>

namespace axfrd::control {

namespace asio = boost::asio;

AliasService::AliasService(asio::io_context& loop, const AliasSettings& settings,
                           const std::vector<std::string>& resolvers, Committer& committer, const Log& log)
    : loop_(loop),
      committer_(committer),
      timer_(loop),
      resolver_(loop, resolvers),
      aliases_(settings,
               {&Aliases::Clock::now, [this](Aliases::Time time) { wake(time); },
                [this](const std::string& name, uint16_t type, ResolvedDone done) {
                  resolver_.look_up(name, type, std::move(done));
                },
                [this](const zones::Name& apex, Aliases::Found found, Aliases::ChangeDone done) {
                  change_zone(apex, std::move(found), std::move(done));
                }},
               log) {}

void AliasService::run(std::function<void(const Aliases&)> work) {
  asio::post(loop_, [this, work = std::move(work)] { work(aliases_); });
}

void AliasService::wake(Aliases::Time time) {
  timer_.expires_at(time);
  timer_.async_wait([this](const auto& cancelled) {
    if (!cancelled) aliases_.turn();
  });
}

// The draft ignores targets that the zone no longer has. The committer itself updates the addresses of URL records.
void AliasService::change_zone(const zones::Name& apex, Aliases::Found found, Aliases::ChangeDone done) {
  const auto compose = [found = std::move(found)](zones::Draft& draft) -> std::optional<Failure> {
    draft.set_alias_addresses(found);
    return std::nullopt;
  };
  committer_.change_zone(
      apex, {.kind = "ALIAS"}, compose, [this, done = std::move(done)](const Outcome<Committer::Changed>& outcome) {
        const auto* failure = std::get_if<Failure>(&outcome);
        asio::post(loop_,
                   [done, failure = failure != nullptr ? std::optional(*failure) : std::nullopt] { done(failure); });
      });
}

}  // namespace axfrd::control

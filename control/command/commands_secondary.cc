// Commands about secondaries and their providers.
#include <algorithm>

#include "control/command/commands.h"
#include "control/command/commands_support.h"

namespace axfrd::control {

namespace {

// What the wish leaves open, the provider states.
SecondaryWish completed(SecondaryWish wish, const SecondaryWish& provider) {
  const auto fill = [](std::string& mine, const std::string& theirs) {
    if (mine.empty()) mine = theirs;
  };
  fill(wish.ns, provider.ns);
  fill(wish.allow, provider.allow);
  fill(wish.notify, provider.notify);
  fill(wish.key, provider.key);
  return wish;
}

Json settings_json(const zones::ZoneVersion& version) {
  const auto& settings = version.attributes().secondary_dns;
  Json json = to_json(settings ? *settings : zones::SecondaryDns{});
  json["zone"] = version.apex().name.to_text();
  json["serial"] = version.serial();
  return json;
}

// What to type after a verdict on a transfer.
std::string next_step(const zones::ZoneVersion& zone, const IpAddress& peer, bool allowed) {
  const std::string apex = zone.apex().name.to_text();
  if (allowed) return "axfrctl secondary status " + apex + " shows what the secondaries have";
  const zones::SecondaryDns* settings = zone.attributes().enabled_secondaries();
  if (settings == nullptr)
    return "axfrctl secondary enable " + apex + " --ns NAME --allow " + peer.to_string() + " lets it transfer";
  std::string all;
  bool listed = false;
  for (const zones::Secondary& each : settings->secondaries) {
    listed = listed || (each.transfers && covers(each, peer));
    if (each.transfers) all += to_text(each) + ",";
  }
  if (listed)
    return "axfrctl key list shows the keys; have the secondary sign with its own, or name another one with axfrctl "
           "secondary edit " +
           apex + " --allow " + peer.to_string() + "=KEY";
  return "axfrctl secondary edit " + apex + " --allow " + all + peer.to_string() + " lets it transfer, too";
}

// What tables and the log can show in a word.
void check_provider_name(const std::string& name) {
  constexpr size_t kLongest = 64;
  const auto fits = [](unsigned char c) { return c > ' ' && c != 0x7F && c != ',' && c != '"'; };
  if (!name.empty() && name.size() <= kLongest && std::ranges::all_of(name, fits)) return;
  throw std::invalid_argument("'" + name + "' is no name of a provider: that has 1 to 64 octets, without blanks, " +
                              "commas, quotation marks and control characters");
}

}  // namespace

// ---- zones ----

void Commands::set_secondary(const Json& params, bool must_be_enabled, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  SecondaryWish wish = wish_from(params);
  if (params.contains("provider")) {
    const auto providers = server_.providers.all();
    const auto provider = providers.find(params["provider"].get<std::string>());
    if (provider == providers.end()) {
      return done(Failure{FailureCode::failed, "there is no provider " + params["provider"].get<std::string>() +
                                                   "; axfrctl provider list shows those that there are"});
    }
    wish = completed(std::move(wish), provider->second);
  }
  const auto edit = [this, wish, must_be_enabled](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const auto& current = zone.attributes().secondary_dns;
    if (must_be_enabled && zone.attributes().enabled_secondaries() == nullptr)
      return Failure{FailureCode::failed, "secondary DNS is not enabled; use axfrctl secondary enable"};
    try {
      auto next = apply(wish, current ? *current : zones::SecondaryDns{}, *server_.keys.book(),
                        server_.service.options().addresses);
      next.enabled = true;
      if (auto failure = check_servers(next, zone)) return std::move(*failure);
      return next;
    } catch (const std::invalid_argument& error) {
      return Failure{FailureCode::failed, error.what()};
    }
  };
  server_.committer.set_secondary(std::move(std::get<zones::Name>(name)), edit,
                                  in_loop<Committer::SecondarySet>(loop_, std::move(done)));
}

void Commands::secondary_enable(Json& params, RpcDone done) { set_secondary(params, false, std::move(done)); }
void Commands::secondary_edit(Json& params, RpcDone done) { set_secondary(params, true, std::move(done)); }

// The settings stay for the next time, the NS names leave.
void Commands::secondary_disable(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto edit = [](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const auto& current = zone.attributes().secondary_dns;
    zones::SecondaryDns next = current ? *current : zones::SecondaryDns{};
    next.enabled = false;
    return next;
  };
  server_.committer.set_secondary(std::move(std::get<zones::Name>(name)), edit,
                                  in_loop<Committer::SecondarySet>(loop_, std::move(done)));
}

void Commands::secondary_show(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& apex = std::get<zones::Name>(name);
  const zones::VersionRef version = find(apex);
  if (!version) return done(no_such_zone(apex));
  server_.notify.run([this, apex, version, done = std::move(done)](const NotifyService& notifier) {
    boost::asio::post(loop_,
                      [version, done, lines = notifier.status(apex, false), strangers = notifier.strangers(apex)] {
                        Json result = settings_json(*version);
                        result["ledger"] = lines;
                        result["strangers"] = strangers;
                        done(RpcResult(std::move(result)));
                      });
  });
}

void Commands::secondary_list(Json&, RpcDone done) {
  std::vector<zones::VersionRef> versions;
  {
    const dataplane::ReadSection section(reader_);
    server_.zones.for_each([&](const zones::Zone& zone) {
      if (zone.current()->attributes().enabled_secondaries() != nullptr) versions.emplace_back(zone.current());
    });
  }
  done(RpcResult(list_stream(std::move(versions), settings_json)));
}

void Commands::secondary_status(Json& params, RpcDone done) {
  const bool behind = params.contains("behind");
  if (!params.contains("zone")) return done(RpcResult(ledger_stream(behind)));
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  if (!find(std::get<zones::Name>(name))) return done(no_such_zone(std::get<zones::Name>(name)));
  server_.notify.run(
      [this, apex = std::get<zones::Name>(name), behind, done = std::move(done)](const NotifyService& from) {
        boost::asio::post(loop_, [done, lines = from.status(apex, behind), strangers = from.strangers(apex)] {
          done(RpcResult(Json{{"ledger", lines}, {"strangers", strangers}}));
        });
      });
}

// {"ledger": [line…]}. The service thread is asked for a page at a time, and has transfers to serve in between.
JsonStream Commands::ledger_stream(bool behind) {
  struct Reading {
    std::optional<std::string> place;
    bool begun = false;
  };
  return [this, behind, reading = std::make_shared<Reading>()](JsonPiece piece) {
    server_.notify.run([this, behind, reading, piece = std::move(piece)](const NotifyService& notifier) {
      boost::asio::post(loop_, [reading, piece, page = notifier.status_page(reading->place, behind)] {
        std::string text = reading->place ? "" : R"({"ledger":[)";
        for (const Json& line : page.lines) text += (std::exchange(reading->begun, true) ? "," : "") + dump(line);
        reading->place = page.last;
        if (!page.more) text += "]}";
        piece(std::move(text), page.more);
      });
    });
  };
}

// Also of a zone whose secondary DNS was disabled: the parent may not know yet.
void Commands::secondary_check(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const zones::VersionRef version = find(std::get<zones::Name>(name));
  if (!version) return done(no_such_zone(std::get<zones::Name>(name)));
  server_.checker.check(version, [this, done = std::move(done)](Json report) {
    boost::asio::post(loop_, [done, report = std::move(report)] { done(RpcResult(report)); });
  });
}

void Commands::notify(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  server_.notify.run([this, apex = std::get<zones::Name>(name), done = std::move(done)](NotifyService& notifier) {
    boost::asio::post(loop_, [done, outcome = notifier.notify(apex)] {
      if (const auto* failure = std::get_if<Failure>(&outcome)) return done(*failure);
      done(RpcResult(Json{{"secondaries", std::get<size_t>(outcome)}}));
    });
  });
}

void Commands::explain(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  std::optional<zones::Name> key;
  if (params.contains("key")) {
    auto key_name = name_in(params, "key");
    if (const auto* error = std::get_if<RpcError>(&key_name)) return done(*error);
    key = std::move(std::get<zones::Name>(key_name));
  }
  const auto peer = or_refuse(done, [&] { return parse_address(params["address"].get_ref<const std::string&>()); });
  if (!peer) return;
  const zones::VersionRef version = find(std::get<zones::Name>(name));
  const auto& apex = std::get<zones::Name>(name);
  if (!version) {
    return done(RpcResult(
        Json{{"allowed", false},
             {"why", "there is no such zone: NOTAUTH"},
             {"next", "axfrctl zone list shows the zones; axfrctl zone import " + apex.to_text() + " FILE adds one"},
             {"seen", Json::array()}}));
  }
  Json answer;
  if (key && !server_.keys.book()->find(*key)) {
    answer = {{"allowed", false},
              {"why", "there is no key " + key->to_text() + ": NOTAUTH, BADKEY"},
              {"next", "axfrctl key list shows the keys; axfrctl key add " + key->to_text() +
                           " adds the secondary's own, axfrctl key generate " + key->to_text() + " a new one"}};
  } else {
    const auto rule = server_.service.options().allow_transfer.match(*peer);
    const TransferDecision decision = decide_transfer(*version, normalised(*peer), key ? &*key : nullptr, rule);
    answer = {{"allowed", decision.allowed},
              {"why", decision.why},
              {"next", next_step(*version, normalised(*peer), decision.allowed)}};
  }
  server_.notify.run([this, apex, host = normalised(*peer), answer, done = std::move(done)](const NotifyService& from) {
    boost::asio::post(loop_, [answer = Json(answer), done, seen = from.seen(apex, host)]() mutable {
      answer["seen"] = seen;
      done(RpcResult(std::move(answer)));
    });
  });
}

// Brings the ledger back to the control thread as the rest of the answer.
RpcDone Commands::waiting(const zones::Name& apex, std::chrono::seconds patience, RpcDone done) {
  return [this, apex, patience, done = std::move(done)](auto outcome) {
    auto* result = std::get_if<RpcResult>(&outcome);
    if (result == nullptr) return done(std::move(outcome));
    const Json changed = std::get<Json>(*result);
    const auto waited = [this, changed, done](bool all, const Json& lines) {
      boost::asio::post(loop_, [all, changed, lines, done] {
        Json answer = changed;
        answer["secondaries"] = lines;
        if (all) return done(RpcResult(std::move(answer)));
        const auto lack = std::ranges::count_if(lines, [](const Json& line) { return line["behind"] != 0; });
        done(Failure{FailureCode::timed_out, "serial " + changed["serial"].dump() + " is committed, but " +
                                                 std::to_string(lack) +
                                                 " secondaries do not have it yet; axfrctl "
                                                 "secondary status tells more"});
      });
    };
    server_.notify.run([apex, patience, serial = changed["serial"].get<uint32_t>(), waited](NotifyService& notifier) {
      notifier.wait_for(apex, serial, patience, waited);
    });
  };
}

// ---- providers ----

void Commands::provider_set(Json& params, RpcDone done) {
  const SecondaryWish wish = wish_from(params);
  const auto name = params["provider"].get<std::string>();
  const auto sound = or_refuse(done, [&] {
    check_provider_name(name);
    return apply(wish, {}, *server_.keys.book(), server_.service.options().addresses);
  });
  if (!sound) return;
  const auto answer = [wish](bool changed) {
    Json result = to_json(wish);
    result["changed"] = changed;
    return RpcResult(std::move(result));
  };
  const auto known = server_.providers.all();
  if (const auto same = known.find(name); same != known.end() && same->second == wish) return done(answer(false));
  server_.committer.set_provider(name, wish, [this, answer, done](auto outcome) {
    boost::asio::post(loop_, [answer, done, outcome] {
      if (const auto* failure = std::get_if<Failure>(&outcome)) return done(*failure);
      done(answer(true));
    });
  });
}

void Commands::provider_list(Json&, RpcDone done) {
  Json providers = Json::array();
  for (const auto& [name, wish] : server_.providers.all()) {
    Json row{{"provider", name}};
    row.update(to_json(wish));
    providers.push_back(std::move(row));
  }
  done(RpcResult(Json{{"providers", std::move(providers)}}));
}

void Commands::provider_remove(Json& params, RpcDone done) {
  const auto name = params["provider"].get<std::string>();
  server_.committer.set_provider(name, std::nullopt, [this, name, done](auto outcome) {
    boost::asio::post(loop_, [name, done, outcome] {
      if (const auto* failure = std::get_if<Failure>(&outcome)) return done(*failure);
      if (!std::get<bool>(outcome)) return done(Failure{FailureCode::failed, "there is no provider " + name});
      done(RpcResult(Json{{"removed", name}}));
    });
  });
}

}  // namespace axfrd::control

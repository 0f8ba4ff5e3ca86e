#include "control/access/transfer_permission.h"

#include "control/access/secondary.h"

namespace axfrd::control {
namespace {

using zones::Secondary;
using zones::SecondaryDns;

// Visits the secondaries of the zone that cover `peer` and may transfer.
template <class Visitor>
void for_each_at(const zones::ZoneVersion& zone, const IpAddress& peer, Visitor&& visit) {
  const SecondaryDns* settings = zone.attributes().enabled_secondaries();
  if (settings == nullptr) return;
  for (const Secondary& s : settings->secondaries) {
    if (s.transfers && covers(s, peer)) visit(s);
  }
}

const Secondary* allowed_secondary(const zones::ZoneVersion& zone, const Requester& who) {
  const Secondary* found = nullptr;
  for_each_at(zone, who.address, [&](const Secondary& s) {
    if (found == nullptr && satisfies_keys(s.keys, who.key)) found = &s;
  });
  return found;
}

}  // namespace

bool may_transfer(const zones::ZoneVersion& zone, const Requester& who) {
  return (who.rule && who.rule->allows) || allowed_secondary(zone, who) != nullptr;
}

TransferDecision decide_transfer(const zones::ZoneVersion& zone, const Requester& who) {
  if (const Secondary* secondary = allowed_secondary(zone, who))
    return {true, "the zone's secondary " + to_text(*secondary)};
  const std::string rule = who.rule ? "--allow-transfer " + who.rule->prefix.to_text() : "";
  if (who.rule && who.rule->allows) return {true, rule};
  const std::string signed_with = who.key != nullptr ? who.key->to_text() : "none";
  const auto no_rule = [&](const std::string& whom) {
    if (!who.rule) return "no --allow-transfer covers " + whom;
    return rule + (who.key != nullptr ? " wants another key than " + signed_with : " wants a signature");
  };
  if (zone.attributes().enabled_secondaries() == nullptr)
    return {false, "secondary DNS is not enabled for the zone, and " + no_rule(who.address.to_string())};
  std::string refusal = "no secondary of the zone has the address " + who.address.to_string();
  for_each_at(zone, who.address, [&](const Secondary& s) {
    refusal = "the zone's secondary " + to_text(s) + " has to sign with its key, and the request is signed with " +
              signed_with;
  });
  return {false, refusal + ", and " + no_rule("it")};
}

}  // namespace axfrd::control

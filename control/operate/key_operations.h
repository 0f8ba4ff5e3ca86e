// Operations on TSIG keys and on what their holders may change by DNS UPDATE. All take an administrator.
//
// Threads, errors. As context.h says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/operate/context.h"

namespace axfrd::control {

class KeyOperations {
 public:
  explicit KeyOperations(const Context& context) : context_(context) {}

  using Changed = Committer::KeyChanged;
  struct KeyGenerated {
    Changed changed;
    TsigKeyRef key;
  };
  // The same key again changes nothing; another key of its name is refused.
  void add(const Principal& who, TsigKeyRef key, Done<Changed> done);
  // The same with a random secret, which `done` gets. Refused by HTTP.
  void generate(const Principal& who, const zones::Name& name, TsigAlgorithm algorithm, Done<KeyGenerated> done);
  Outcome<std::vector<KeyRef>> list(const Principal& who) const;
  // A key that zones or providers use is removed only with `force`: secondaries that sign with it are refused then.
  void remove(const Principal& who, const zones::Name& key, bool although_used, Done<Changed> done);
  void grant(const Principal& who, const zones::Name& key, const UpdateGrant& grant, Done<Changed> done);
  // Revokes all grants for that zone; none: the grants for all zones.
  void revoke(const Principal& who, const zones::Name& key, const std::optional<zones::Name>& zone, Done<Changed> done);

 private:
  void add_as(const Act& act, const Principal& who, TsigKeyRef key, Done<Changed> done);
  void change(const Act& act, std::string what, const zones::Name& key, Committer::KeyEdit edit, Done<Changed> done);
  std::vector<std::string> users(const zones::Name& key) const;

  const Context& context_;
};

}  // namespace axfrd::control

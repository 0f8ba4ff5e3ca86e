#include "control/base/cause.h"

namespace axfrd::control {

std::string Cause::text() const {
  std::string text = kind;
  if (!detail.empty()) text += " " + detail;
  if (!who.empty()) text += " by " + who;
  if (!from.empty()) text += " from " + from;
  return text;
}

std::string AuditRecord::text() const {
  std::string text = kind;
  if (!name.empty()) text += " " + name;
  if (old_serial) text += " serial " + std::to_string(*old_serial);
  if (serial) text += (old_serial ? " to " : " serial ") + std::to_string(*serial);
  if (failure.empty()) return text + ": " + what + "; " + cause.text();
  return text + ": " + cause.verb + " failed: " + failure + "; " + cause.text();
}

}  // namespace axfrd::control

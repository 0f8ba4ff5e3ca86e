#include "control/notify/trouble.h"

#include <algorithm>
#include <utility>

namespace axfrd::control {

namespace {

Json json_of(const Trouble& trouble, bool unverified) {
  return {{"reason", to_text(trouble.reason)},
          {"text", trouble.text},
          {"first_at", trouble.first_at},
          {"last_at", trouble.last_at},
          {"count", trouble.count},
          {"over_at", trouble.lasts() ? Json() : Json(trouble.over_at)},
          {"unverified", unverified}};
}

// Whether "no answer" says less than the lasting trouble `than`. For example, a host that refuses TCP connections does
// not answer by UDP either.
bool says_less(Reason reason, const Trouble& than) {
  return reason == Reason::no_answer && than.lasts() &&
         (than.reason == Reason::connection_refused || than.reason == Reason::notify_unsigned);
}

}  // namespace

const char* to_text(Reason reason) {
  static constexpr std::array<const char*, kReasons> kTexts{"BADSIG",          "BADKEY",      "BADTIME",
                                                            "BADTRUNC",        "not allowed", "NOTIFY refused",
                                                            "NOTIFY unsigned", "no answer",   "connection refused",
                                                            "unreachable",     "broken off"};
  return kTexts[static_cast<size_t>(reason)];
}

TroubleKind kind_of(Reason reason) {
  if (reason == Reason::broken_off) return TroubleKind::transfer;
  return reason <= Reason::not_allowed ? TroubleKind::request : TroubleKind::notify;
}

void Troubles::note(Reason reason, std::string text, int64_t now) {
  const auto known =
      std::ranges::find_if(facts_, [&](const Trouble& fact) { return kind_of(fact.reason) == kind_of(reason); });
  if (known == facts_.end()) {
    facts_.push_back({reason, std::move(text), now, now});
  } else if (says_less(reason, *known)) {
    known->last_at = now;
    ++known->count;
  } else if (known->reason != reason || !known->lasts()) {
    *known = {reason, std::move(text), now, now};
  } else {
    known->text = std::move(text);
    known->last_at = now;
    ++known->count;
  }
}

void Troubles::note_unverified(Reason reason, std::string text, int64_t now) {
  if (unverified_ && unverified_->reason == reason) {
    unverified_->text = std::move(text);
    unverified_->last_at = now;
    ++unverified_->count;
  } else {
    unverified_ = Trouble{reason, std::move(text), now, now};
  }
}

void Troubles::end(TroubleKind kind, int64_t now) {
  for (Trouble& fact : facts_) {
    if (kind_of(fact.reason) == kind && fact.lasts()) fact.over_at = now;
  }
  // A request that succeeded ends the unverified trouble, too.
  if (kind == TroubleKind::request && unverified_ && unverified_->lasts()) unverified_->over_at = now;
}

const Trouble* Troubles::find(TroubleKind kind) const {
  const auto fact = std::ranges::find_if(facts_, [&](const Trouble& each) { return kind_of(each.reason) == kind; });
  return fact != facts_.end() ? &*fact : nullptr;
}

const Trouble* Troubles::worst() const {
  for (const TroubleKind kind : {TroubleKind::request, TroubleKind::notify, TroubleKind::transfer}) {
    const Trouble* fact = find(kind);
    if (fact != nullptr && fact->lasts()) return fact;
  }
  return nullptr;
}

Json Troubles::to_json() const {
  Json list = Json::array();
  for (const Trouble& fact : facts_) list.push_back(json_of(fact, false));
  if (unverified_) list.push_back(json_of(*unverified_, true));
  return list;
}

// A datagram does not replace an attempt by TCP of the same peer.
void Strangers::note(Attempt attempt) {
  const Key key{zones::sort_key(attempt.apex), attempt.peer};
  const auto known = places_.find(key);
  if (known != places_.end()) {
    Attempt& old = *known->second;
    if (attempt.by_tcp || !old.by_tcp) {
      attempt.first_at = old.first_at;
      attempt.count = old.count + 1;
      old = std::move(attempt);
    }
    attempts_.splice(attempts_.begin(), attempts_, known->second);
    return;
  }
  if (attempts_.size() == kMost) {
    places_.erase({zones::sort_key(attempts_.back().apex), attempts_.back().peer});
    attempts_.pop_back();
    ++forgotten_;
  }
  attempts_.push_front(std::move(attempt));
  places_.emplace(key, attempts_.begin());
}

const Strangers::Attempt* Strangers::find(zones::NameView apex, const IpAddress& peer) const {
  const auto place = places_.find({zones::sort_key(apex), peer});
  return place != places_.end() ? &*place->second : nullptr;
}

namespace {

Json to_json(const Strangers::Attempt& attempt) {
  return {{"zone", attempt.apex.to_text()}, {"peer", attempt.peer.to_string()},
          {"listed", attempt.listed},       {"reason", to_text(attempt.reason)},
          {"text", attempt.text},           {"first_at", attempt.first_at},
          {"last_at", attempt.last_at},     {"count", attempt.count},
          {"unverified", !attempt.by_tcp}};
}

}  // namespace

Json Strangers::of(zones::NameView apex) const {
  Json list = Json::array();
  for (const Attempt& each : attempts_) {
    if (each.apex.view().equals(apex)) list.push_back(to_json(each));
  }
  return list;
}

Json Strangers::all() const {
  Json list = Json::array();
  for (const Attempt& each : attempts_) list.push_back(to_json(each));
  return list;
}

}  // namespace axfrd::control

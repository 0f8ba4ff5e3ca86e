#include "zones/wire/rdata_form.h"

#include <algorithm>
#include <array>

#include "zones/wire/ascii.h"
#include "zones/wire/name.h"

namespace axfrd::zones {
namespace {

using enum Field;
using namespace rrtype;

constexpr std::array kForms{
    Form{A, "", {ip4}},
    Form{NS, "", {old_name}},
    Form{MD, "", {old_name}},
    Form{MF, "", {old_name}},
    Form{CNAME, "", {old_name}},
    Form{SOA, "", {old_name, old_name, int32, int32, int32, int32, int32}},
    Form{MB, "", {old_name}},
    Form{MG, "", {old_name}},
    Form{MR, "", {old_name}},
    Form{WKS, "", {ip4, int8, anything}},
    Form{PTR, "", {old_name}},
    Form{HINFO, "", {text, text}},
    Form{MINFO, "", {old_name, old_name}},
    Form{MX, "", {int16, old_name}},
    Form{TXT, "", {texts}},
    Form{RP, "", {folded_name, folded_name}},
    Form{AFSDB, "", {int16, folded_name}},
    Form{X25, "", {text}},
    Form{ISDN, "", {text, maybe_text}},
    Form{RT, "", {int16, folded_name}},
    Form{NSAP, "", {hex}},
    Form{NSAP_PTR, "NSAP-PTR", {name}},
    Form{SIG, "", {type, int8, int8, int32, int32, int32, int16, folded_name, base64}},
    Form{KEY, "", {int16, int8, int8, anything}},
    Form{PX, "", {int16, folded_name, folded_name}},
    Form{GPOS, "", {text, text, text}},
    Form{AAAA, "", {ip6}},
    Form{LOC, "", {int8, anything}},
    Form{NXT, "", {folded_name, anything}},
    Form{EID, "", {hex}},
    Form{NIMLOC, "", {hex}},
    Form{SRV, "", {int16, int16, int16, folded_name}},
    Form{ATMA, "ATMA", {int8, hex}},
    Form{NAPTR, "", {int16, int16, text, text, text, folded_name}},
    Form{KX, "", {int16, folded_name}},
    Form{CERT, "", {int16, int16, int8, base64}},
    Form{A6, "A6", {int8, anything}},
    Form{DNAME, "", {folded_name}},
    Form{SINK, "SINK", {int8, int8, int8, maybe_base64}},
    Form{APL, "", {anything}},
    Form{DS, "", {int16, int8, int8, hex}},
    Form{SSHFP, "", {int8, int8, anything}},
    Form{IPSECKEY, "", {int8, int8, int8, anything}},
    Form{RRSIG, "", {type, int8, int8, int32, int32, int32, int16, folded_name, base64}},
    Form{NSEC, "", {name, types}},
    Form{DNSKEY, "", {int16, int8, int8, base64}},
    Form{DHCID, "", {base64}},
    Form{NSEC3, "", {int8, int8, int16, text, text, maybe_types}},
    Form{NSEC3PARAM, "", {int8, int8, int16, text}},
    Form{TLSA, "", {int8, int8, int8, hex}},
    Form{SMIMEA, "", {int8, int8, int8, hex}},
    Form{HIP, "", {anything}},
    Form{NINFO, "NINFO", {texts}},
    Form{RKEY, "RKEY", {int16, int8, int8, base64}},
    Form{TALINK, "", {name, name}},
    Form{CDS, "", {int16, int8, int8, hex}},
    Form{CDNSKEY, "", {int16, int8, int8, base64}},
    Form{OPENPGPKEY, "", {base64}},
    Form{CSYNC, "CSYNC", {int32, int16, maybe_types}},
    Form{ZONEMD, "", {int32, int8, int8, hex}},
    Form{SVCB, "SVCB", {int16, name, anything}},
    Form{HTTPS, "HTTPS", {int16, name, anything}},
    Form{DSYNC, "DSYNC", {type, scheme, int16, name}},
    Form{HHIT, "HHIT", {base64}},
    Form{BRID, "BRID", {base64}},
    Form{SPF, "", {texts}},
    Form{UINFO, "UINFO", {anything}},
    Form{UID, "UID", {anything}},
    Form{GID, "GID", {anything}},
    Form{UNSPEC, "UNSPEC", {anything}},
    Form{NID, "", {int16, octets8}},
    Form{L32, "", {int16, ip4}},
    Form{L64, "", {int16, octets8}},
    Form{LP, "", {int16, name}},
    Form{EUI48, "", {octets6}},
    Form{EUI64, "", {octets8}},
    Form{URI, "", {int16, int16, anything}},
    Form{CAA, "", {int8, text, anything}},
    Form{AVC, "AVC", {texts}},
    Form{DOA, "DOA", {int32, int32, int8, text, base64_or_dash}},
    Form{AMTRELAY, "AMTRELAY", {int8, int8, anything}},
    Form{RESINFO, "RESINFO", {texts}},
    Form{WALLET, "WALLET", {texts}},
    Form{CLA, "CLA", {texts}},
    Form{IPN, "IPN", {int64}},
    Form{TA, "TA", {int16, int8, int8, hex}},
    Form{DLV, "", {int16, int8, int8, hex}},
};
static_assert(std::ranges::is_sorted(kForms, {}, &Form::type));

// Every type of every record is looked up, so the common numbers lead to their form at once.
constexpr auto kIndex = [] {
  std::array<uint8_t, kCommonTypes> index{};
  for (size_t i = 0; i < kForms.size(); ++i) {
    if (kForms[i].type < kCommonTypes) index[kForms[i].type] = static_cast<uint8_t>(i + 1);
  }
  return index;
}();

// Octets of a field that has always as many.
constexpr size_t fixed_octets(Field field) {
  switch (field) {
    case int8:
    case scheme:
      return 1;
    case int16:
    case type:
      return 2;
    case int32:
    case ip4:
      return 4;
    case octets6:
      return 6;
    case int64:
    case octets8:
      return 8;
    case ip6:
      return 16;
    default:
      return 0;
  }
}

constexpr NamesForm names_in(const Form& form) {
  NamesForm names;
  bool is_behind = false;
  for (const Field field : form.fields) {
    if (field == none) break;
    if (field == folded_name || field == old_name) {
      ++names.folded;
      if (field == old_name) ++names.compressible;
    } else if (names.folded != 0) {
      is_behind = true;
    } else if (field == text) {
      ++names.texts;
    } else {
      names.prefix = static_cast<uint8_t>(names.prefix + fixed_octets(field));
    }
  }
  names.is_last = !is_behind;
  return names.folded != 0 ? names : NamesForm{};
}

}  // namespace

constexpr std::array<NamesForm, kCommonTypes> kNamesForms = [] {
  std::array<NamesForm, kCommonTypes> forms{};
  for (const Form& form : kForms) {
    if (form.type < kCommonTypes) forms[form.type] = names_in(form);
  }
  return forms;
}();

const Form* form_of(uint16_t type) {
  if (type < kCommonTypes) return kIndex.at(type) != 0 ? &kForms.at(kIndex.at(type) - 1U) : nullptr;
  const auto* found = std::ranges::lower_bound(kForms, type, {}, &Form::type);
  return found != kForms.end() && found->type == type ? found : nullptr;
}

uint16_t newer_type_named(std::string_view name) {
  const auto* found = std::ranges::find_if(
      kForms, [name](const Form& form) { return !form.name.empty() && equals_ignoring_case(form.name, name); });
  return found != kForms.end() ? found->type : 0;
}

std::optional<Bytes> FieldReader::take_name() {
  if (left_.empty()) return std::nullopt;
  const auto name = NameView::read(left_);
  return name ? take(name->size()) : std::nullopt;
}

size_t octets_in(Field field) { return fixed_octets(field); }

}  // namespace axfrd::zones

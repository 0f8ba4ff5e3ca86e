#include "zones/zonefile.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>
#include <set>

#include "zones/derived.h"
#include "zones/ldns.h"
#include "zones/rdata_reader.h"
#include "zones/tokens.h"

namespace axfrd::zones {
namespace {

// One entry of a zone file: a line, or several joined by parentheses, without
// comments and parentheses.
struct Entry {
  uint32_t line = 0;  // where it begins
  std::string text;
};

// Splits text into entries (RFC 1035 §5.1).
class EntryReader {
 public:
  explicit EntryReader(std::string_view text) : text_(text) {}

  // False at the end of the text, or when it is malformed: then problem() says
  // why and line() where.
  bool next(Entry& entry) {
    for (;;) {
      if (at_ == text_.size()) return false;
      entry.line = line_;
      entry.text.clear();
      if (!read_entry(entry)) return false;
      if (!std::ranges::all_of(entry.text, is_blank)) return true;
    }
  }
  const char* problem() const { return problem_; }
  uint32_t line() const { return line_; }

 private:
  bool read_entry(Entry& entry) {
    unsigned depth = 0;
    const uint32_t opened = line_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      switch (c) {
        case '\n':
          ++line_;
          if (depth == 0) return true;
          entry.text += ' ';
          break;
        case ';':
          while (at_ < text_.size() && text_[at_] != '\n') ++at_;
          break;
        case '(':
          ++depth;
          entry.text += ' ';
          break;
        case ')':
          if (depth-- == 0) return fail("a closing parenthesis without an opening one");
          entry.text += ' ';
          break;
        case '"':
          entry.text += c;
          if (!read_quoted(entry)) return false;
          break;
        case '\\':
          entry.text += c;
          if (at_ < text_.size() && text_[at_] != '\n') entry.text += text_[at_++];
          break;
        case '\0':
          return fail("an octet 0; write \\000");
        default:
          entry.text += c;
      }
    }
    if (depth == 0) return true;
    line_ = opened;
    return fail("an opening parenthesis is never closed");
  }

  bool read_quoted(Entry& entry) {
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\0') {
      const char c = text_[at_++];
      entry.text += c;
      if (c == '"') return true;
      if (c == '\\' && at_ < text_.size() && text_[at_] != '\n') entry.text += text_[at_++];
    }
    return fail("a quotation mark is never closed");
  }

  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  const char* problem_ = nullptr;
};

// Whether the last octet is a dot that no backslash makes part of a label.
bool ends_in_dot(std::string_view name) {
  if (!name.ends_with('.')) return false;
  name.remove_suffix(1);
  const size_t backslashes = name.size() - (name.find_last_not_of('\\') + 1);
  return backslashes % 2 == 0;
}

class ZoneParser {
 public:
  ZoneParser(const Name& apex, const std::string& file, const DefaultTtl* fallback = nullptr)
      : file_(file), origin_(apex), owner_(apex), fallback_(fallback), zone_{RecordSet(apex), {}, Warnings(file)} {
    set_origin(apex);
  }

  std::variant<ZoneText, ZoneFileError> parse(std::string_view text) {
    EntryReader reader(text);
    Entry entry;
    while (reader.next(entry)) {
      if (auto reason = parse_entry(entry)) return ZoneFileError{file_, entry.line, std::move(*reason)};
    }
    if (reader.problem() != nullptr) return ZoneFileError{file_, reader.line(), reader.problem()};
    if (auto problem = zone_.records.finish(&zone_.warnings))
      return error_at(problem->line, std::move(problem->reason));
    if (auto conflict = find_conflict()) return std::move(*conflict);
    return std::move(zone_);
  }

  // Entries that add to a zone, each an edit.
  std::variant<std::vector<Edit>, std::string> parse_additions(std::string_view text, Warnings* warnings) {
    auto edits = parse_edits(
        text, [this](const Entry& entry) { return parse_entry(entry); }, Edit::Kind::add, Edit::Kind::add_pseudo);
    if (warnings != nullptr) warnings->add(zone_.warnings);
    return edits;
  }
  std::variant<std::vector<Edit>, std::string> parse_removals(std::string_view text) {
    return parse_edits(
        text, [this](const Entry& entry) { return parse_removal(entry); }, Edit::Kind::remove_record,
        Edit::Kind::remove_pseudo);
  }

 private:
  using Reason = std::optional<std::string>;  // why not; nothing when all is well

  // What may not stand beside an ALIAS or URL, and does.
  std::optional<ZoneFileError> find_conflict() const {
    if (zone_.pseudo.empty()) return std::nullopt;
    std::set<std::string> owners;  // sort keys
    for (const PseudoRecord& p : zone_.pseudo) owners.insert(sort_key(p.owner));
    for (size_t i = 0; i < zone_.records.size(); ++i) {
      const Record record = zone_.records[i];
      auto conflict = conflict_with_pseudo(record.owner, record.type);
      if (conflict && owners.contains(sort_key(record.owner)))
        return error_at(zone_.records.line(i), std::move(*conflict));
    }
    return std::nullopt;
  }

  void warn(const Entry& entry, const std::string& text) { zone_.warnings.add(place(entry), text); }

  // What stands for the entry's file and line; an edit has neither.
  uint32_t place(const Entry& entry) { return fallback_ == nullptr ? zone_.warnings.places().number(entry.line) : 0; }
  ZoneFileError error_at(uint32_t number, std::string reason) const {
    Place place = zone_.warnings.places().find(number);
    return {std::move(place.file), place.line, std::move(reason)};
  }

  void set_origin(const Name& origin) {
    origin_ = origin;
    rdata_.set_origin(origin);
  }

  // A name as written: absolute, "@", or relative to the origin.
  std::optional<Name> resolve(std::string_view text) const {
    if (text == "@") return origin_;
    if (find_quote(text)) return std::nullopt;  // others differ in what that is
    auto name = Name::from_text(text);
    if (!name || text == "." || ends_in_dot(text)) return name;
    const unsigned size = name->view().size() - 1 + origin_.view().size();
    if (size > kMaxName) return std::nullopt;
    std::array<uint8_t, kMaxName> wire;
    std::memcpy(wire.data(), name->view().data(), name->view().size() - 1);
    std::memcpy(wire.data() + name->view().size() - 1, origin_.view().data(), origin_.view().size());
    return Name(NameView(wire.data(), size));
  }

  // Calls parse(entry) for each; what that leaves in zone_ becomes edits of
  // these kinds.
  template <class Parse>
  std::variant<std::vector<Edit>, std::string> parse_edits(std::string_view text, Parse&& parse, Edit::Kind record,
                                                           Edit::Kind pseudo) {
    EntryReader reader(text);
    Entry entry;
    while (reader.next(entry)) {
      entry.text.erase(0, entry.text.find_first_not_of(" \t\r\n"));  // an edit always states its owner
      if (auto reason = parse(entry)) return std::move(*reason);
      for (size_t i = 0; i < zone_.records.size(); ++i) edits_.emplace_back(record, OwnedRecord(zone_.records[i]));
      for (PseudoRecord& p : zone_.pseudo) edits_.emplace_back(pseudo, std::move(p));
      zone_.records = RecordSet(zone_.records.apex());
      zone_.pseudo.clear();
    }
    if (reader.problem() != nullptr) return reader.problem();
    if (edits_.empty()) return "there is no record";
    return std::move(edits_);
  }

  // OWNER [TTL] [CLASS] [TYPE [DATA]]
  Reason parse_removal(const Entry& entry) {
    Tokens tokens(entry.text);
    const std::string_view text = tokens.next();
    const auto owner = resolve(text);
    if (!owner) return quoted(text) + " is not a domain name";
    std::optional<uint32_t> ttl;
    uint16_t type = rrtype::ANY;
    if (!tokens.rest().empty()) {
      if (auto reason = parse_ttl_and_class(tokens, ttl)) return reason;
      const std::string name(tokens.next());
      if (!tokens.rest().empty()) return parse_entry(entry);
      for (const auto kind : {PseudoRecord::Kind::alias, PseudoRecord::Kind::url}) {
        if (!equals_ignoring_case(name, kind == PseudoRecord::Kind::alias ? "ALIAS" : "URL")) continue;
        edits_.emplace_back(Edit::Kind::remove_pseudo, PseudoRecord{kind, *owner, 0, {}, {}});
        return std::nullopt;
      }
      type = type_from_text(name);
      if (type == 0) return "there is no record type '" + name + "'";
    }
    edits_.emplace_back(Edit::Kind::remove_rrset, OwnedRecord(Record{*owner, type, 0, {}}));
    return std::nullopt;
  }

  Reason parse_entry(const Entry& entry) {
    Tokens tokens(entry.text);
    if (entry.text.front() == '$') return parse_directive(tokens);
    if (!is_blank(entry.text.front())) {
      const std::string_view text = tokens.next();
      const auto owner = resolve(text);
      if (!owner) return quoted(text) + " is not a domain name";
      owner_ = *owner;
    }
    std::optional<uint32_t> ttl;
    if (auto reason = parse_ttl_and_class(tokens, ttl)) return reason;
    const std::string_view type = tokens.next();
    if (type.empty()) return "the record has no type";
    if (equals_ignoring_case(type, "ALIAS")) return add_pseudo(PseudoRecord::Kind::alias, ttl, tokens);
    if (equals_ignoring_case(type, "URL")) return add_pseudo(PseudoRecord::Kind::url, ttl, tokens);
    return add_record(entry, type, tokens.rest(), ttl);
  }

  Reason parse_directive(Tokens& tokens) {
    const std::string_view directive = tokens.next();
    const std::string_view argument = tokens.next();
    if (equals_ignoring_case(directive, "$ORIGIN")) {
      const auto origin = argument.empty() ? std::nullopt : resolve(argument);
      if (!origin) return "$ORIGIN needs a domain name, not " + quoted(argument);
      set_origin(*origin);
    } else if (equals_ignoring_case(directive, "$TTL")) {
      const auto ttl = parse_ttl(argument);
      if (!ttl) return "$TTL needs a time from 0 to 2147483647 seconds, not " + quoted(argument);
      default_ttl_ = ttl;
    } else if (equals_ignoring_case(directive, "$INCLUDE")) {
      return "$INCLUDE is not allowed; put the records of " + std::string(argument) + " into this file";
    } else {
      return "the directive " + std::string(directive) + " is not known; $ORIGIN and $TTL are";
    }
    if (!tokens.rest().empty()) return quoted(tokens.rest()) + " behind the directive";
    return std::nullopt;
  }

  static Reason parse_ttl_and_class(Tokens& tokens, std::optional<uint32_t>& ttl) {
    for (bool class_seen = false;;) {
      const std::string_view token = tokens.peek();
      if (token.empty()) return "the record has no type";
      if (!class_seen && (equals_ignoring_case(token, "IN") || equals_ignoring_case(token, "CLASS1"))) {
        class_seen = true;
      } else if (equals_ignoring_case(token, "CH") || equals_ignoring_case(token, "HS") ||
                 equals_ignoring_case(token, "CS")) {
        return "class " + std::string(token) + "; zones have class IN here";
      } else if (!ttl && std::isdigit(static_cast<uint8_t>(token.front()))) {
        ttl = parse_ttl(token);
        if (!ttl) return quoted(token) + " is not a TTL from 0 to 2147483647 seconds";
      } else {
        return std::nullopt;
      }
      tokens.next();
    }
  }

  // RFC 2308 §4 for $TTL, RFC 1035 §5.1 for the last one stated; a SOA may fall
  // back on its own MINIMUM.
  std::optional<uint32_t> choose_ttl(std::optional<uint32_t> stated, uint16_t type, Bytes rdata) {
    if (stated) return last_ttl_ = stated;
    if (fallback_ != nullptr) return (*fallback_)(owner_, type);
    if (default_ttl_) return default_ttl_;
    if (!last_ttl_ && type == rrtype::SOA && rdata.size() >= kSoaNumbers)
      last_ttl_ = load32(rdata.data() + rdata.size() - 4);
    return last_ttl_;
  }

  Reason add_record(const Entry& entry, std::string_view type, std::string_view data,
                    std::optional<uint32_t> stated_ttl) {
    const uint16_t number = type_from_text(std::string(type));
    if (number == 0) return "there is no record type '" + std::string(type) + "'";
    if (auto reason = rdata_.read(type, number, data))
      return std::string(type) + " " + std::string(data) + ": " + *reason;
    for (const std::string& warning : rdata_.warnings()) warn(entry, warning);
    const Bytes rdata = rdata_.octets();
    if (rdata.size() > kMaxMessage) return "the record has more data than a message can hold";
    const auto ttl = choose_ttl(stated_ttl, number, rdata);
    if (!ttl)
      return "the record has no TTL and none is known yet; put '$TTL 3600' at "
             "the top of the file";
    if (auto problem = zone_.records.add({owner_, number, *ttl, rdata}, place(entry)))
      return std::move(problem->reason);
    return std::nullopt;
  }

  Reason add_pseudo(PseudoRecord::Kind kind, std::optional<uint32_t> stated_ttl, Tokens& tokens) {
    std::string target(tokens.next());
    if (!tokens.rest().empty()) return quoted(tokens.rest()) + " behind the target";
    if (!owner_.view().is_at_or_below(zone_.records.apex())) return owner_.to_text() + " is not in the zone";
    if (kind == PseudoRecord::Kind::alias) {
      const auto name = target.empty() ? std::nullopt : resolve(target);
      if (!name) return "ALIAS needs the domain name whose addresses it takes, not '" + target + "'";
      if (*name == owner_) return "an ALIAS to itself";
      target = name->to_text();
    } else {
      std::erase(target, '"');
      if (target.find('\\') != std::string::npos) return "a backslash in the URL '" + target + "'; write %5C";
      if (!target.starts_with("http://") && !target.starts_with("https://")) {
        return "URL needs a target that begins with http:// or https://, not "
               "'" +
               target + "'";
      }
    }
    const auto ttl = choose_ttl(stated_ttl, 0, {});
    if (!ttl)
      return "the record has no TTL and none is known yet; put '$TTL 3600' at "
             "the top of the file";
    zone_.pseudo.push_back({kind, owner_, *ttl, std::move(target), {}});
    return std::nullopt;
  }

  const std::string file_;
  Name origin_, owner_;
  RdataReader rdata_;
  std::optional<uint32_t> default_ttl_, last_ttl_;
  const DefaultTtl* fallback_;
  ZoneText zone_;
  std::vector<Edit> edits_;
};

// ldns does not escape quotation marks in names, and we take them for those of
// a string.
bool has_quote_in_name(const ldns_rr& rr) {
  return any_field(rr, [](const ldns_rdf& field) {
    return ldns_rdf_get_type(&field) == LDNS_RDF_TYPE_DNAME && octets_of(field).find('"') != std::string_view::npos;
  });
}

// Whether `text`, which ldns made of what stands behind the owner of `record`,
// is that record: it prints some data so that it reads as another, or not at
// all, like the empty value of a CAA.
bool reads_back(std::string_view text, const Record& record) {
  if (record.type == rrtype::A || record.type == rrtype::AAAA) return true;  // most records, and there is no doubt
  Tokens tokens(text);
  tokens.next();  // TTL
  tokens.next();  // class
  const std::string_view type = tokens.next();
  RdataReader reader;
  return !reader.read(type, record.type, tokens.rest()) && std::ranges::equal(reader.octets(), record.rdata);
}

// TTL, class, type and data as ldns prints them, with a tab before each;
// nothing if that would not be the record.
std::optional<std::string> text_behind_owner(const Record& record) {
  if (record.type == rrtype::WKS) return std::nullopt;  // for its services, see RdataReader::read_wks
  const LdnsRr rr = to_ldns(record);
  if (!rr) return std::nullopt;
  const LdnsText printed(ldns_rr2str_fmt(ldns_output_format_nocomments, rr.get()));
  if (!printed || has_quote_in_name(*rr)) return std::nullopt;
  std::string text = std::strchr(printed.get(), '\t');
  while (is_blank(text.back())) text.pop_back();
  if (!reads_back(text, record)) return std::nullopt;
  return text;
}

// Data that is not what its type says is still data (RFC 3597 §5).
std::string unknown_behind_owner(const Record& record) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "\t" + std::to_string(record.ttl) + "\tIN\tTYPE" + std::to_string(record.type) + "\t\\# " +
                     std::to_string(record.rdata.size());
  if (!record.rdata.empty()) text += ' ';
  for (const uint8_t octet : record.rdata) {
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return text;
}

}  // namespace

std::string ZoneFileError::to_text() const {
  return line != 0 ? file + ":" + std::to_string(line) + ": " + reason : file + ": " + reason;
}

std::variant<ZoneText, ZoneFileError> parse_zone(std::string_view text, const Name& apex, const std::string& file) {
  return ZoneParser(apex, file).parse(text);
}

std::variant<std::vector<Edit>, std::string> parse_additions(std::string_view text, const Name& apex,
                                                             const DefaultTtl& default_ttl, Warnings* warnings) {
  return ZoneParser(apex, "", &default_ttl).parse_additions(text, warnings);
}

std::variant<std::vector<Edit>, std::string> parse_removals(std::string_view text, const Name& apex) {
  const DefaultTtl none = [](NameView, uint16_t) { return 0U; };
  return ZoneParser(apex, "", &none).parse_removals(text);
}

std::string record_to_text(const Record& record) {
  const auto known = text_behind_owner(record);
  // The owner is ours to print: ldns does not escape a $ at its begin.
  return record.owner.to_text() + (known ? *known : unknown_behind_owner(record));
}

std::string pseudo_to_text(const PseudoRecord& r) {
  const bool alias = r.kind == PseudoRecord::Kind::alias;
  return r.owner.to_text() + "\t" + std::to_string(r.ttl) + "\tIN\t" +
         (alias ? "ALIAS\t" + r.target : "URL\t\"" + r.target + "\"");
}

void export_zone(const ZoneVersion& version, const std::function<void(std::string_view line)>& emit) {
  const DerivedFilter filter(version.pseudo().get());
  version.for_each_record([&](const Record& record) {
    if (!filter.is_derived(record)) emit(record_to_text(record));
  });
  if (version.pseudo() == nullptr) return;
  for (const PseudoRecord& record : *version.pseudo()) emit(pseudo_to_text(record));
}

}  // namespace axfrd::zones

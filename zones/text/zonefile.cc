#include "zones/text/zonefile.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "zones/data/derived.h"
#include "zones/text/entry_reader.h"
#include "zones/text/generate.h"
#include "zones/text/ldns_record.h"
#include "zones/text/rdata_reader.h"
#include "zones/text/rdata_text.h"
#include "zones/text/tokens.h"
#include "zones/wire/ldns.h"

namespace axfrd::zones {
namespace {

// Whether `holds` of some field of the RDATA.
template <class Predicate>
bool any_field(const ldns_rr& rr, Predicate&& holds) {
  for (size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) {
    if (holds(*ldns_rr_rdf(&rr, i))) return true;
  }
  return false;
}

// Whether the last octet is a dot that no backslash makes part of a label.
bool ends_in_dot(std::string_view name) {
  if (!name.ends_with('.')) return false;
  name.remove_suffix(1);
  const size_t backslashes = name.size() - (name.find_last_not_of('\\') + 1);
  return backslashes % 2 == 0;
}

// Why `line` is not one record without anything that only zone files have: comments, lines joined by parentheses, and
// directives. Who states a record means all that he writes.
std::optional<std::string> check_line(std::string_view line) {
  if (line.find_first_not_of(" \t") == std::string_view::npos) return "there is no record";
  if (is_blank(line.front())) return "a record begins with its owner; @ is the apex";
  if (line.front() == '$') {
    return quoted(line.substr(0, line.find_first_of(" \t"))) +
           " is a directive of zone files; an owner that begins with $ is written \\$";
  }
  bool in_quotes = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\n' || c == '\r') return "a newline in a record; the octet is written \\010";
    if (c == '\0') return "an octet 0; write \\000";
    if (c == '\\') {
      if (++i == line.size() || line[i] == '\n' || line[i] == '\0') return "a backslash with nothing behind it";
    } else if (c == '"') {
      in_quotes = !in_quotes;
    } else if (!in_quotes && (c == ';' || c == '(' || c == ')')) {
      return std::string("a '") + c + "' outside quotation marks; put the value into quotation marks, as in " +
             "TXT \"v=DMARC1; p=none\", or write \\" + c;
    }
  }
  if (in_quotes) return "a quotation mark is never closed";
  return std::nullopt;
}

class ZoneParser {
 public:
  // `fallback`: edits are to be parsed, which come from no file.
  explicit ZoneParser(const Name& apex, const DefaultTtl* fallback = nullptr)
      : origin_(apex), owner_(apex), fallback_(fallback), zone_{RecordSet(apex), {}} {
    set_origin(apex);
  }

  Result<ZoneText, ZoneFileError> parse(const ZoneSource& source, const ParseOptions& options) {
    source_ = &source;
    options_ = options;
    if (auto error = parse_part(source.parts.front())) return refused(std::move(*error));
    if (options.problems != nullptr && !options.problems->empty()) return options.problems->front();
    tell_of_ages();
    if (auto problem = zone_.records.finish(&zone_.warnings))
      return refused(error_at(problem->line, std::move(problem->reason)));
    if (auto conflict = find_conflict()) return refused(std::move(*conflict));
    return std::move(zone_);
  }

  // One record on one line, which is added to a zone.
  Result<Edit> parse_addition(std::string_view line, Warnings* warnings) {
    if (auto reason = check_line(line)) return std::move(*reason);
    if (auto reason = parse_entry({0, std::string(line)})) return std::move(*reason);
    if (warnings != nullptr) warnings->add(zone_.warnings);
    return edit_of(Edit::Kind::add, Edit::Kind::add_pseudo);
  }
  // OWNER [TTL] [CLASS] [TYPE [DATA]]
  Result<Edit> parse_removal(std::string_view line) {
    if (auto reason = check_line(line)) return std::move(*reason);
    rdata_.allow_refused();
    Tokens tokens(line);
    const std::string_view text = tokens.next();
    const auto owner = resolve(text);
    if (!owner) return quoted(text) + " is not a domain name";
    if (tokens.rest().empty()) return remove_rrset(*owner, rrtype::ANY);
    std::optional<uint32_t> ttl;
    const Entry entry{0, std::string(line)};
    if (auto reason = parse_ttl_and_class(entry, tokens, ttl)) return std::move(*reason);
    const std::string type(tokens.next());
    if (!tokens.rest().empty()) {
      if (auto reason = parse_entry(entry)) return std::move(*reason);
      return edit_of(Edit::Kind::remove_record, Edit::Kind::remove_pseudo);
    }
    for (const auto kind : {PseudoRecord::Kind::alias, PseudoRecord::Kind::url}) {
      if (equals_ignoring_case(type, kind == PseudoRecord::Kind::alias ? "ALIAS" : "URL"))
        return Edit(Edit::Kind::remove_pseudo, PseudoRecord{kind, *owner, 0, {}, {}});
    }
    const uint16_t number = type_from_text(type);
    if (number == 0) return "there is no record type '" + type + "'";
    return remove_rrset(*owner, number);
  }

 private:
  using Reason = std::optional<std::string>;  // why not; nothing when all is well

  // What ends the parsing is one of the problems, too.
  ZoneFileError refused(ZoneFileError error) {
    if (options_.problems == nullptr) return error;
    options_.problems->push_back(std::move(error));
    return options_.problems->front();
  }

  // Whether others may be found behind an entry that cannot be read. A directive says what those are that follow it.
  bool goes_on_after(const Entry& entry) const {
    return options_.problems != nullptr && entry.text.front() != '$' && options_.problems->size() + 1 < kMostProblems;
  }

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

  // One file: all of the zone, or what an $INCLUDE stands for.
  std::optional<ZoneFileError> parse_part(const ZoneSource::Part& part) {
    Places& places = zone_.warnings.places();
    places.enter(part.file);
    const auto error = [&](uint32_t line, std::string reason) {
      return error_at(places.number(line), std::move(reason));
    };
    if (auto problem = encoding_problem(part.text)) return error(1, std::move(*problem));
    if (!part.remark.empty()) zone_.warnings.add(places.number(part.remark_line), part.remark);
    std::string_view text = part.text;
    if (text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
      zone_.warnings.add(places.number(1),
                         "the file begins with a byte order mark, which is left out; save it as UTF-8 without one");
    }
    EntryReader reader(text);
    Entry entry;
    while (reader.next(entry)) {
      if (options_.cancelled != nullptr && *options_.cancelled) return error(entry.line, "axfrd is stopping");
      if (auto reason = parse_entry(entry)) {
        auto problem = error(entry.line, std::move(*reason));
        if (!goes_on_after(entry)) return problem;
        options_.problems->push_back(std::move(problem));
      }
      if (!included_) continue;
      if (auto problem = parse_included(part, entry)) return problem;
      places.enter(part.file, reader.line());
    }
    if (reader.problem() != nullptr) return error(reader.line(), reader.problem());
    return std::nullopt;
  }

  // What `entry`, an $INCLUDE, stands for. Origin and owner are afterwards what they were (RFC 1035 §5.1); the default
  // TTL stays as the file leaves it, as in BIND.
  std::optional<ZoneFileError> parse_included(const ZoneSource::Part& part, const Entry& entry) {
    const Name origin = origin_, owner = owner_;
    set_origin(*std::exchange(included_, std::nullopt));
    const auto include = std::ranges::find(part.includes, entry.line, &ZoneSource::Include::line);
    // A source that was sent must not lead in a circle: each part stands behind the one that includes it.
    const auto index = static_cast<size_t>(&part - source_->parts.data());
    if (include == part.includes.end() ||
        (include->part != 0 && (include->part <= index || include->part >= source_->parts.size())))
      return error_at(place(entry), "$INCLUDE: nobody has read the file");
    if (include->part == 0) return error_at(place(entry), "$INCLUDE " + include->problem);
    if (depth_ == kMaxIncludeDepth)
      return error_at(place(entry), "$INCLUDE: more than 10 files include each other in turn");
    ++depth_;
    auto error = parse_part(source_->parts[include->part]);
    --depth_;
    set_origin(origin);
    owner_ = owner;
    return error;
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

  static Edit remove_rrset(const Name& owner, uint16_t type) {
    return {Edit::Kind::remove_rrset, OwnedRecord(Record{owner, type, 0, {}})};
  }

  // What parse_entry() has read.
  Edit edit_of(Edit::Kind record, Edit::Kind pseudo) {
    if (!zone_.pseudo.empty()) return {pseudo, std::move(zone_.pseudo.front())};
    return {record, OwnedRecord(zone_.records[0])};
  }

  Reason parse_entry(const Entry& entry) {
    Tokens tokens(entry.text);
    if (entry.text.front() == '$') return parse_directive(entry, tokens);
    if (!is_blank(entry.text.front())) {
      const std::string_view text = tokens.next();
      const auto owner = resolve(text);
      if (!owner) return quoted(text) + " is not a domain name";
      owner_ = *owner;
      owner_stated_ = true;
      warn_of_octets(entry, text);
    } else if (!owner_stated_) {
      warn(entry, "no owner has been stated yet; the record is taken as one of " + owner_.to_text());
      owner_stated_ = true;
    }
    skip_age(entry, tokens);
    return parse_record(entry, tokens);
  }

  // What stands behind the owner.
  Reason parse_record(const Entry& entry, Tokens tokens) {
    std::optional<uint32_t> ttl;
    if (auto reason = parse_ttl_and_class(entry, tokens, ttl)) return reason;
    if (ttl) last_ttl_ = ttl;
    const std::string_view type = tokens.next();
    if (type.empty()) return "the record has no type";
    if (fallback_ == nullptr && !owner_.view().is_at_or_below(zone_.records.apex())) {
      warn(entry, owner_.to_text() + " " + std::string(type) + ": the name is not in the zone " +
                      zone_.records.apex().to_text() + "; the record is left out");
      return std::nullopt;
    }
    if (equals_ignoring_case(type, "ALIAS")) return add_pseudo(entry, PseudoRecord::Kind::alias, ttl, tokens);
    if (equals_ignoring_case(type, "URL")) return add_pseudo(entry, PseudoRecord::Kind::url, ttl, tokens);
    return add_record(entry, type, tokens.rest(), ttl);
  }

  // A name with octets beyond ASCII is mostly one that was meant to be an A-label (RFC 5890 §2.3.2.1).
  void warn_of_octets(const Entry& entry, std::string_view name) {
    if (std::ranges::all_of(name, [](char c) { return static_cast<uint8_t>(c) < 0x80; })) return;
    warn(entry, quoted(name) +
                    " has octets beyond ASCII, which are taken as they are; an international name is written "
                    "as its A-label, xn--...");
  }

  // Windows DNS writes [AGE:HOURS] before the TTL of records that it scavenges.
  void skip_age(const Entry& entry, Tokens& tokens) {
    const std::string_view token = tokens.peek();
    if (fallback_ != nullptr || token.size() < 7 || !equals_ignoring_case(token.substr(0, 5), "[AGE:") ||
        token.back() != ']')
      return;
    tokens.next();
    if (ages_++ == 0) first_age_ = place(entry);
  }
  void tell_of_ages() {
    if (ages_ == 0) return;
    zone_.warnings.add(first_age_, "[AGE:n], when Windows DNS saw a record last, is ignored; " + std::to_string(ages_) +
                                       (ages_ == 1 ? " record has it" : " records have it"));
  }

  Reason parse_directive(const Entry& entry, Tokens& tokens) {
    const std::string_view directive = tokens.next();
    if (equals_ignoring_case(directive, "$GENERATE")) return parse_generate(entry, tokens);
    const std::string_view argument = tokens.next();
    if (equals_ignoring_case(directive, "$ORIGIN")) {
      const auto origin = argument.empty() ? std::nullopt : resolve(argument);
      if (!origin) return "$ORIGIN needs a domain name, not " + quoted(argument);
      warn_of_octets(entry, argument);
      set_origin(*origin);
    } else if (equals_ignoring_case(directive, "$TTL")) {
      auto ttl = read_ttl(entry, argument);
      if (!ttl) return "$TTL needs a time from 0 to 2147483647 seconds, not " + quoted(argument);
      default_ttl_ = ttl;
    } else if (equals_ignoring_case(directive, "$INCLUDE")) {
      return parse_include(argument, tokens);
    } else {
      return "the directive " + std::string(directive) + " is not known; $ORIGIN, $TTL, $INCLUDE and $GENERATE are";
    }
    if (!tokens.rest().empty()) return quoted(tokens.rest()) + " behind the directive";
    return std::nullopt;
  }

  bool directives() const { return source_ != nullptr && source_->directives; }

  // $INCLUDE FILE [ORIGIN]
  Reason parse_include(std::string_view file, Tokens& tokens) {
    if (!directives()) {
      return "$INCLUDE is not allowed in what is sent, only in files that axfrctl or axfrd reads; put the records of " +
             quoted(file) + " here";
    }
    if (file.empty()) return "$INCLUDE needs the name of a file";
    const std::string_view origin = tokens.next();
    included_ = origin.empty() ? origin_ : resolve(origin);
    if (!included_) return "$INCLUDE needs a domain name behind the file, not " + quoted(origin);
    if (!tokens.rest().empty()) return quoted(tokens.rest()) + " behind the directive";
    return std::nullopt;
  }

  // $GENERATE RANGE OWNER [TTL] [CLASS] TYPE DATA
  Reason parse_generate(const Entry& entry, Tokens& tokens) {
    if (!directives()) {
      return "$GENERATE is not allowed in what is sent, only in files that axfrctl or axfrd reads; send the records "
             "that "
             "it stands for";
    }
    const auto parsed = parse_range(tokens.next());
    if (const auto* reason = std::get_if<std::string>(&parsed)) return *reason;
    const auto& range = std::get<GenerateRange>(parsed);
    if (range.size() > kMaxGenerated)
      return "the range has " + std::to_string(range.size()) + " numbers; one $GENERATE makes 65536 records at most";
    generated_ += range.size();
    if (generated_ > options_.max_generated)
      return "all $GENERATE make " + std::to_string(generated_) + " records; " +
             std::to_string(options_.max_generated) + " are the most for one zone";
    const std::string_view owner = tokens.next();
    if (tokens.rest().empty()) return "$GENERATE needs RANGE OWNER TYPE DATA";
    const Name before = owner_;
    for (uint64_t number = range.start; number <= range.stop; number += range.step) {
      if (auto reason = generate_one(entry, static_cast<uint32_t>(number), owner, tokens))
        return "$GENERATE at " + std::to_string(number) + ": " + *reason;
    }
    owner_ = before;
    return std::nullopt;
  }

  Reason generate_one(const Entry& entry, uint32_t number, std::string_view owner_pattern, Tokens tokens) {
    std::string owner;
    if (auto reason = generate(owner_pattern, number, owner)) return reason;
    const auto name = resolve(owner);
    if (!name) return quoted(owner) + " is not a domain name";
    owner_ = *name;
    std::optional<uint32_t> ttl;
    if (auto reason = parse_ttl_and_class(entry, tokens, ttl)) return reason;
    std::string record(tokens.next());  // type, then data
    record += ' ';
    if (auto reason = generate(data_pattern(tokens.rest()), number, record)) return reason;
    if (ttl) record.insert(0, std::to_string(*ttl) + ' ');
    return parse_record(entry, Tokens(record));
  }

  // As in BIND, quotation marks around all of the data only hold it together.
  static std::string data_pattern(std::string_view text) {
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    if (text.size() < 2 || text.front() != '"' || Tokens(text).next() != text) return std::string(text);
    std::string inner(text.substr(1, text.size() - 2));
    for (size_t at = 0; (at = inner.find("\\\"", at)) != std::string::npos; ++at) inner.erase(at, 1);
    return inner;
  }

  // A TTL as written, nothing if it is none. What has the highest bit set counts as 0 (RFC 2181 §8).
  std::optional<uint32_t> read_ttl(const Entry& entry, std::string_view token) {
    auto ttl = parse_time(token, std::numeric_limits<uint32_t>::max());
    if (!ttl || *ttl <= kMaxTtl) return ttl;
    if (fallback_ != nullptr) return std::nullopt;
    warn(entry, "the TTL " + std::string(token) + " is more than 2147483647; 0 is served (RFC 2181, section 8)");
    return 0;
  }

  Reason parse_ttl_and_class(const Entry& entry, Tokens& tokens, std::optional<uint32_t>& ttl) {
    for (bool class_seen = false;;) {
      const std::string_view token = tokens.peek();
      if (token.empty()) return "the record has no type";
      if (!class_seen && (equals_ignoring_case(token, "IN") || equals_ignoring_case(token, "CLASS1"))) {
        class_seen = true;
      } else if (equals_ignoring_case(token, "CH") || equals_ignoring_case(token, "HS") ||
                 equals_ignoring_case(token, "CS")) {
        return "class " + std::string(token) + "; zones have class IN here";
      } else if (!ttl && std::isdigit(static_cast<uint8_t>(token.front()))) {
        ttl = read_ttl(entry, token);
        if (!ttl) return quoted(token) + " is not a TTL from 0 to 2147483647 seconds";
      } else {
        return std::nullopt;
      }
      tokens.next();
    }
  }

  // Which TTL a record has, as BIND has it: its own; that of $TTL (RFC 2308 §4); the MINIMUM of a SOA that states none,
  // from there on; the last one stated (RFC 1035 §5.1). Nothing if none is known.
  std::optional<uint32_t> choose_ttl(const Entry& entry, std::optional<uint32_t> stated, uint16_t type, Bytes rdata) {
    if (stated) return stated;
    if (fallback_ != nullptr) return (*fallback_)(owner_, type);
    if (default_ttl_) return default_ttl_;
    if (last_ttl_) {
      if (!std::exchange(told_of_last_ttl_, true)) {
        warn(entry,
             "there is no $TTL; a record without a TTL takes that of the record before it (RFC 1035, section 5.1)");
      }
      return last_ttl_;
    }
    if (type != rrtype::SOA || rdata.size() < kSoaNumbers) return std::nullopt;
    const uint32_t minimum = load32(rdata.data() + rdata.size() - 4);
    default_ttl_ = minimum <= kMaxTtl ? minimum : 0;
    warn(entry, "there is no $TTL, and the SOA has no TTL; records without one take its MINIMUM, " +
                    std::to_string(*default_ttl_) + " (RFC 2308, section 4)");
    return default_ttl_;
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
    const auto ttl = choose_ttl(entry, stated_ttl, number, rdata);
    if (!ttl) return "the record has no TTL and none is known yet; put '$TTL 3600' at the top of the file";
    if (auto problem = zone_.records.add({owner_, number, *ttl, rdata}, place(entry)))
      return std::move(problem->reason);
    return std::nullopt;
  }

  Reason add_pseudo(const Entry& entry, PseudoRecord::Kind kind, std::optional<uint32_t> stated_ttl, Tokens& tokens) {
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
        return "URL needs a target that begins with http:// or https://, not '" + target + "'";
      }
    }
    const auto ttl = choose_ttl(entry, stated_ttl, 0, {});
    if (!ttl) return "the record has no TTL and none is known yet; put '$TTL 3600' at the top of the file";
    zone_.pseudo.push_back({kind, owner_, *ttl, std::move(target), {}});
    return std::nullopt;
  }

  const ZoneSource* source_ = nullptr;
  ParseOptions options_;
  Name origin_, owner_;
  bool owner_stated_ = false;
  RdataReader rdata_;
  std::optional<uint32_t> default_ttl_, last_ttl_;
  bool told_of_last_ttl_ = false;
  const DefaultTtl* fallback_;
  std::optional<Name> included_;  // the origin for the file of the $INCLUDE that was just parsed
  unsigned depth_ = 0;            // of $INCLUDE
  uint64_t generated_ = 0;        // records of all $GENERATE so far
  size_t ages_ = 0;               // records with [AGE:n]
  uint32_t first_age_ = 0;        // the place of the first
  ZoneText zone_;
};

// ldns does not escape quotation marks in names, and we take them for those of a string.
bool has_quote_in_name(const ldns_rr& rr) {
  return any_field(rr, [](const ldns_rdf& field) {
    return ldns_rdf_get_type(&field) == LDNS_RDF_TYPE_DNAME && octets_of(field).find('"') != std::string_view::npos;
  });
}

// Whether `text`, which ldns made of what stands behind the owner of `record`, is that record: it prints some data so
// that it reads as another, or not at all, like the empty value of a CAA.
bool reads_back(std::string_view text, const Record& record) {
  if (record.type == rrtype::A || record.type == rrtype::AAAA) return true;  // most records, and there is no doubt
  Tokens tokens(text);
  tokens.next();  // TTL
  tokens.next();  // class
  const std::string_view type = tokens.next();
  RdataReader reader;
  reader.allow_refused();
  return !reader.read(type, record.type, tokens.rest()) && std::ranges::equal(reader.octets(), record.rdata);
}

// TTL, class, type and data as ldns prints them, with a tab before each; nothing if that would not be the record.
std::optional<std::string> text_behind_owner(const Record& record) {
  if (record.type == rrtype::WKS) return std::nullopt;  // for its services, see RdataReader::read_wks
  if (const auto text = newer_rdata_to_text(record.type, record.rdata))
    return "\t" + std::to_string(record.ttl) + "\tIN\t" + type_to_text(record.type) + "\t" + *text;
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

Result<ZoneText, ZoneFileError> parse_zone(std::string_view text, const Name& apex, const std::string& file) {
  return parse_zone(ZoneSource::of_text(std::string(text), file), apex);
}

Result<ZoneText, ZoneFileError> parse_zone(const ZoneSource& source, const Name& apex, const ParseOptions& options) {
  return ZoneParser(apex).parse(source, options);
}

Result<Edit> parse_addition(std::string_view line, const Name& apex, const DefaultTtl& default_ttl,
                            Warnings* warnings) {
  return ZoneParser(apex, &default_ttl).parse_addition(line, warnings);
}

Result<Edit> parse_removal(std::string_view line, const Name& apex) {
  const DefaultTtl none = [](NameView, uint16_t) { return 0U; };
  return ZoneParser(apex, &none).parse_removal(line);
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

std::string data_of_line(const std::string& line) {
  constexpr unsigned kFieldsBefore = 4;
  size_t at = 0;
  for (unsigned i = 0; i < kFieldsBefore && at != std::string::npos; ++i) at = line.find('\t', at + (i == 0 ? 0 : 1));
  return at == std::string::npos ? std::string() : line.substr(at + 1);
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

// Records as operators state them: the arguments of `zone set` and `zone unset`.
//
//   OWNER [TTL] [CLASS] [TYPE [DATA...]]
//
// An argument is part of a record, not of a zone file. It has no comment, no newline, no parentheses that join lines,
// and no directive.
//
//   * In types that are strings (TXT, SPF, and their like; our URL), each argument is one string: blanks, semicolons
//     and parentheses are part of it. One of more than 255 octets is stored as several strings.
//   * In types that have strings among other fields (CAA, NAPTR, HINFO...), an argument with a blank, a semicolon or a
//     parenthesis in it is one string, if there is more than one argument.
//   * An argument that begins with a quotation mark is read as in a zone file: '"one" "two"' is two strings.
//   * In a string, \DDD is an octet and a backslash quotes a punctuation mark. Others are refused, because it cannot be
//     known whether the backslash is meant.
//   * Anything else is fields with blanks between them, as in a zone file.
//   * Names may be internationalised (base/parse_name.h).
#pragma once

#include <string>
#include <vector>

namespace axfrd::control {

struct RecordLine {
  std::string text;                  // as zones::parse_addition() and zones::parse_removal() read it
  std::vector<std::string> remarks;  // differences between the arguments and what is stored
};

// Throws std::invalid_argument with a sentence for the operator. Does not check whether such a record exists.
RecordLine record_line(const std::vector<std::string>& arguments);

}  // namespace axfrd::control

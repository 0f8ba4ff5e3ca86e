#include "control/ctl/help.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace axfrd::control {

namespace {

constexpr size_t kVerbColumn = 21, kParameterColumn = 22;

struct Line {
  std::string_view term, text;
};
constexpr std::array kOwnVerbs{Line{"help [VERB]", "print this help, or that of a verb"},
                               Line{"batch", "do the verbs of standard input, a line each"},
                               Line{"completion bash", "print a completion script for bash"}};
constexpr std::array kGlobalOptions{Line{"--socket PATH", "where axfrd listens (default: /run/axfrd/control.sock)"},
                                    Line{"--json", "print the result, or the error, as JSON"},
                                    Line{"--local-time", "print times as local time, and not in UTC"},
                                    Line{"--help", "print help; behind a verb, help on that verb"},
                                    Line{"--version", "print the version"}};

// Appends words of `text` to a line that has `column` columns already, and goes on in lines that begin with `indent`
// blanks.
void append_words(std::string& out, std::string_view text, size_t column, size_t indent) {
  bool first = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!first && column + 1 + word.size() > kTerminalWidth) {
      out.append("\n").append(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first = false;
  }
  out += '\n';
}

// A term, and behind it or below it what it means.
void append_line(std::string& out, std::string_view term, std::string_view text, size_t column) {
  out.append("  ").append(term);
  if (term.size() + 4 > column) {
    out.append("\n").append(column, ' ');
  } else {
    out.append(column - term.size() - 2, ' ');
  }
  append_words(out, text, column, column);
}

template <class Lines>
void append_lines(std::string& out, const Lines& lines, size_t column) {
  for (const auto& [term, text] : lines) append_line(out, term, text, column);
}

// Changes of one letter, or of two neighbours, that lead from one word to the other.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t k = 1; k <= b.size(); ++k) {
      row[k] = std::min({last[k] + 1, row[k - 1] + 1, last[k - 1] + (a[i - 1] != b[k - 1] ? 1U : 0U)});
      if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) row[k] = std::min(row[k], before[k - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

bool looks_like(std::string_view wrong, std::string_view right) {
  constexpr size_t kMost = 2;
  return (wrong.size() > 2 && right.starts_with(wrong)) || right.ends_with(" " + std::string(wrong)) ||
         distance(wrong, right) <= std::min(kMost, (wrong.size() + 1) / 3);
}

}  // namespace

std::string general_help() {
  std::string out =
      "axfrctl tells axfrd what to do.\n\n"
      "usage: axfrctl [OPTION...] VERB [ARGUMENT...]\n"
      "       axfrctl help VERB\n\n"
      "verbs:\n";
  for (const VerbGroup& group : verb_groups()) {
    out.append(" ").append(group.title).append("\n");
    for (const Verb& verb : group.verbs) append_line(out, verb.words(), verb.summary, kVerbColumn);
  }
  out += " axfrctl itself\n";
  append_lines(out, kOwnVerbs, kVerbColumn);
  out += "\noptions:\n";
  append_lines(out, kGlobalOptions, kVerbColumn);
  return out;
}

std::string usage_of(const Verb& verb) {
  constexpr std::string_view head = "usage: axfrctl ";
  std::string out(head);
  out += verb.words();
  size_t column = out.size();
  for (const std::string& part : verb.usages()) {
    if (column + 1 + part.size() > kTerminalWidth) {
      out.append("\n").append(head.size(), ' ').append(part);
      column = head.size() + part.size();
    } else {
      out.append(" ").append(part);
      column += 1 + part.size();
    }
  }
  return out + "\n";
}

std::string verb_help(const Verb& verb) {
  std::string out = usage_of(verb) + "\n";
  append_words(out, std::string(verb.summary) + ".", 0, 0);
  out += '\n';
  for (const Parameter& p : verb.parameters) {
    if (p.source != Parameter::Source::client) append_line(out, p.written(), p.help, kParameterColumn);
  }
  append_lines(out, kGlobalOptions, kParameterColumn);
  return out;
}

std::string batch_help() {
  std::string out =
      "usage: axfrctl batch <FILE\n\n"
      "Do the verbs of standard input, a line each, over one connection. For example:\n\n"
      "  zone begin example.com\n"
      "  zone set example.com www 60 A 192.0.2.1\n"
      "  zone commit example.com        # a remark\n\n";
  append_words(out,
               "Words are parted by blanks, but not within quotation marks. Results come in the order of the lines. A "
               "verb that fails does not keep the others from being done, and the exit status is the worst of all. "
               "axfrctl(1) says what is sent ahead.",
               0, 0);
  out += '\n';
  append_lines(out, kGlobalOptions, kParameterColumn);
  return out;
}

std::string verbs_that_begin_with(const std::string& first_word) {
  std::string out;
  for (const Verb& verb : verbs()) {
    if (verb.words().starts_with(first_word + " ")) append_line(out, verb.words(), verb.summary, kVerbColumn);
  }
  return out;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& known) {
  std::string some;
  for (const std::string& right : known) {
    if (looks_like(wrong, right)) some += (some.empty() ? "'" : ", '") + right + "'";
  }
  return some.empty() ? "" : "; did you mean " + some + "?";
}

}  // namespace axfrd::control

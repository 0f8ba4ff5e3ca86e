#include "control/ctl/completion.h"

#include <map>
#include <set>

#include "control/command/verbs.h"

namespace axfrd::control {

namespace {

using Source = Parameter::Source;

// First word → the words that may follow it; none for a verb of one word.
std::map<std::string, std::set<std::string>> words() {
  std::map<std::string, std::set<std::string>> all{{"completion", {"bash"}}, {"help", {}}};
  for (const Verb& verb : verbs()) {
    const std::string text = verb.words();
    const size_t space = text.find(' ');
    auto& following = all[text.substr(0, space)];
    if (space != std::string::npos) following.insert(text.substr(space + 1));
  }
  return all;
}

template <class Keys>
std::string joined(const Keys& keys) {
  std::string text;
  for (const auto& key : keys) text += (text.empty() ? "" : " ") + key;
  return text;
}

bool takes(const Verb& verb, Source source, const std::string& name) {
  for (const Parameter& p : verb.parameters) {
    if (p.source == source && (name.empty() || p.name == name)) return true;
  }
  return false;
}

std::string second_words() {
  std::string cases;
  for (const auto& [first, following] : words()) {
    if (!following.empty()) cases += "        " + first + ") words='" + joined(following) + "' ;;\n";
  }
  return cases;
}

// What stands behind a whole verb: zone names, or files.
std::string arguments() {
  std::string cases;
  for (const Verb& verb : verbs()) {
    if (takes(verb, Source::argument, "zone") || takes(verb, Source::optional_argument, "zone")) {
      cases += "    '" + verb.words() + "') words=$(_axfrctl_zones) ;;\n";
    } else if (takes(verb, Source::path, "")) {
      cases += "    '" + verb.words() + "') COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n";
    } else if (takes(verb, Source::files, "")) {
      cases += "    '" + verb.words() + "') COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
    }
  }
  return cases;
}

std::string options() {
  std::set<std::string> all{"--socket", "--json", "--help", "--version"};
  for (const Verb& verb : verbs()) {
    for (const Parameter& p : verb.parameters) {
      const std::string written = p.written();
      if (written.starts_with("--")) all.insert(written.substr(0, written.find(' ')));
    }
  }
  return joined(all);
}

}  // namespace

std::string bash_completion() {
  std::set<std::string> first;
  for (const auto& [word, following] : words()) first.insert(word);
  return "# bash completion for axfrctl: source <(axfrctl completion bash)\n"
         "_axfrctl_zones() {\n"
         "  axfrctl zone list 2>/dev/null | tail -n +2 | cut -d' ' -f1\n"
         "}\n"
         "_axfrctl() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} words= verb=() word\n"
         "  COMPREPLY=()\n"
         "  if [[ $current == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W '" +
         options() +
         "' -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    [[ $word == -* ]] || verb+=(\"$word\")\n"
         "  done\n"
         "  case \"${verb[*]:0:2}\" in\n"
         "    '') words='" +
         joined(first) + "' ;;\n" + arguments() +
         "    *)\n"
         "      case \"${verb[*]}\" in\n" +
         second_words() +
         "      esac ;;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _axfrctl axfrctl\n";
}

}  // namespace axfrd::control

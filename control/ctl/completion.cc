#include "control/ctl/completion.h"

#include <map>
#include <set>

#include "control/command/verbs.h"

namespace axfrd::control {

namespace {

using Source = Parameter::Source;

// First word → the words that may follow it; none for a verb of one word.
std::map<std::string, std::set<std::string>> words() {
  std::map<std::string, std::set<std::string>> all{{"batch", {}}, {"completion", {"bash"}}, {"help", {}}};
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

// What stands behind a whole verb: names that axfrd is asked for, or files.
std::string arguments() {
  std::string cases;
  for (const Verb& verb : verbs()) {
    const std::string words = "    '" + verb.words() + "') ";
    if (takes(verb, Source::path, "")) {
      cases += words + "COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n";
    } else if (takes(verb, Source::files, "")) {
      cases += words + "COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
    } else if (takes(verb, Source::name_or_files, "")) {
      cases += words + "_axfrctl_names zones; COMPREPLY+=($(compgen -f -- \"$current\")); return ;;\n";
    } else {
      for (const char* kind : {"zone", "key", "provider"}) {
        if (!takes(verb, Source::argument, kind) && !takes(verb, Source::optional_argument, kind)) continue;
        cases += words + "_axfrctl_names " + kind + "s; return ;;\n";
        break;
      }
    }
  }
  return cases;
}

// The options of each verb.
std::string options() {
  std::string cases;
  for (const Verb& verb : verbs()) {
    std::set<std::string> own;
    for (const Parameter& p : verb.parameters) {
      if (p.is_option()) own.insert(std::string("--") + p.name);
    }
    if (!own.empty()) cases += "      '" + verb.words() + "') words+=' " + joined(own) + "' ;;\n";
  }
  return cases;
}

// The options whose values are words of their own: they, and their values, are no part of the verb.
std::string options_with_values() {
  std::set<std::string> all{"--socket"};
  for (const Verb& verb : verbs()) {
    for (const Parameter& p : verb.parameters) {
      if (p.is_option() && !p.is_flag()) all.insert(std::string("--") + p.name);
    }
  }
  std::string text;
  for (const std::string& option : all) text += (text.empty() ? "" : "|") + option;
  return text;
}

}  // namespace

std::string bash_completion() {
  std::set<std::string> first;
  for (const auto& [word, following] : words()) first.insert(word);
  return "# bash completion for axfrctl: source <(axfrctl completion bash)\n"
         "# Not by compgen -W, which would take what stands in a name for shell.\n"
         "_axfrctl_names() {\n"
         "  mapfile -t COMPREPLY < <(axfrctl \"${asking[@]}\" completion \"$1\" \"$current\" 2>/dev/null)\n"
         "}\n"
         "_axfrctl() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= verb=() asking=() i\n"
         "  COMPREPLY=()\n"
         "  for (( i = 1; i < COMP_CWORD; ++i )); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "      --socket) asking=(--socket \"${COMP_WORDS[i+1]}\"); (( ++i )) ;;\n"
         "      " +
         options_with_values() +
         ") (( ++i )) ;;\n"
         "      -*) ;;\n"
         "      *) verb+=(\"${COMP_WORDS[i]}\") ;;\n"
         "    esac\n"
         "  done\n"
         "  case $before in\n"
         "    --socket|--zones-from) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "    --provider) _axfrctl_names providers; return ;;\n"
         "    --key) _axfrctl_names keys; return ;;\n"
         "    --after) _axfrctl_names zones; return ;;\n"
         "  esac\n"
         "  if [[ $current == -* ]]; then\n"
         "    words='--socket --json --local-time --help --version'\n"
         "    case \"${verb[*]:0:2}\" in\n" +
         options() +
         "    esac\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
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

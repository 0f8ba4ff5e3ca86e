// ZoneSource: the text of a zone file, with that of the files that it includes.
//
// Who reads files (control/base/zone_reader.h) follows $INCLUDE, and hands the parser all texts as parts of one source.
// So the parser opens no file, each error names the file and line it is in, and what an API sends can include nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace axfrd::zones {

constexpr unsigned kMaxIncludeDepth = 10;               // files that include each other in turn
constexpr size_t kMaxParts = 10'000;                    // files in all, each time it is included counted
constexpr size_t kMaxZoneOctets = size_t{1} << 30;      // of all parts together
constexpr size_t kMaxGenerated = 65'536;                // records of one $GENERATE
constexpr size_t kMaxGeneratedInAll = size_t{1} << 20;  // of one zone

struct ZoneSource {
  struct Include {
    uint32_t line;        // of the $INCLUDE
    size_t part = 0;      // the index of the text that it stands for; 0: there is none, and
    std::string problem;  // this is why
  };
  struct Part {
    std::string file = {};  // for messages
    std::string text = {};
    std::vector<Include> includes = {};  // by line
    std::string remark = {};             // what is to be told of the text; a warning
    uint32_t remark_line = 0;
  };

  // A text that was sent, and not read from a file.
  static ZoneSource of_text(std::string text, std::string file) {
    ZoneSource source;
    source.parts.push_back({std::move(file), std::move(text)});
    source.directives = false;
    return source;
  }

  std::vector<Part> parts;  // the zone file first, and every other behind the one that includes it
  // Whether $INCLUDE and $GENERATE are followed. They are not in what others send: one reads files, and the other makes
  // a large zone of a short text.
  bool directives = true;
};

}  // namespace axfrd::zones

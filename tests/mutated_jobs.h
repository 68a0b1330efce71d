// Job files as editors, spreadsheets and bad disks leave them.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace gloce {

struct JobFile {
  std::string name;  // "full.csv": its ending tells the format
  std::string bytes;
};

// A good file of every format and dialect.
inline std::vector<JobFile> GoodJobFiles() {
  return {
      {"full.csv",
       "case_number,prompt,evaluation_seed,evaluation_guidance,width,height\n"
       "1,a cat,5,7.5,64,64\n2,\"a fox, \"\"red\"\"\nat night\",6,,128,64\n"
       "3,an owl,,,,\n7,a pig,8,1,64,64\n"},
      {"published.csv",
       ",type,prompt,sd_seed,negative_prompt\r\n0,x,A picture of a "
       "cat,1,dog\r\n"
       "1,y,A picture of an owl,2,\r\n2,z,A picture of a fox,3,\"a, b\"\r\n"},
      {"images.csv",
       "\xEF\xBB\xBFprompt,num_images,erase\na cat,2,cat;fox\nan owl,1,\n"
       "\"caf\xC3\xA9 \xE2\x98\x83\",3,all\n"},
      {"objects.jsonl",
       "{\"case_number\": 5, \"prompt\": \"a cat\", \"seed\": 3, \"width\": "
       "64}\n"
       "{\"prompt\": \"a \\u00fc\", \"guidance\": 1e1, \"erase\": "
       "[\"cat\"]}\r\n\n"
       "{\"prompt\": \"b\", \"num_images\": 2, \"height\": null}\n"},
      {"lines.txt", "a cat\n\n  an owl \r\na fox\n"}};
}

// What can happen to a file.
enum class Damage {
  kFlippedBits,
  kCut,
  kSwappedColumns,
  kHugeField,
  kInvalidUtf8,
  kRepeatedRows
};
inline constexpr int kNumDamages = 6;

class JobDamager {
 public:
  explicit JobDamager(unsigned seed) : random_(seed) {}

  std::string operator()(std::string bytes, Damage damage) {
    for (size_t i = 1 + Below(3); i > 0; --i) Apply(bytes, damage);
    return bytes;
  }

 private:
  size_t Below(size_t count) {
    return std::uniform_int_distribution<size_t>(0, count - 1)(random_);
  }
  size_t Place(const std::string& bytes) { return Below(bytes.size() + 1); }

  void Apply(std::string& bytes, Damage damage) {
    static const std::vector<std::string> broken_utf8 = {"\xFF",
                                                         "\xC3",
                                                         "\xE2\x98",
                                                         "\xC0\xAF",
                                                         "\xED\xA0\x80",
                                                         "\xF5\x80\x80\x80",
                                                         std::string(1, '\0')};
    switch (damage) {
      case Damage::kFlippedBits:
        for (size_t i = 1 + Below(4); i > 0 && !bytes.empty(); --i) {
          char& c = bytes[Below(bytes.size())];
          c = static_cast<char>(c ^ (1 << Below(8)));
        }
        return;
      case Damage::kCut: {
        const size_t at = Place(bytes);
        if (Below(2) == 0) {
          bytes.resize(at);
        } else {
          bytes.erase(at, 1 + Below(40));
        }
        return;
      }
      case Damage::kSwappedColumns:
        return SwapColumns(bytes);
      case Damage::kHugeField:
        bytes.insert(Place(bytes),
                     std::string(1 + Below(200'000), "9a,\""[Below(4)]));
        return;
      case Damage::kInvalidUtf8:
        bytes.insert(Place(bytes), broken_utf8[Below(broken_utf8.size())]);
        return;
      case Damage::kRepeatedRows: {
        const std::vector<std::string> lines = Lines(bytes);
        if (!lines.empty()) bytes += lines[Below(lines.size())];
        return;
      }
    }
  }

  static std::vector<std::string> Lines(const std::string& bytes) {
    std::vector<std::string> lines;
    for (size_t begin = 0; begin < bytes.size();) {
      const size_t end = std::min(bytes.find('\n', begin), bytes.size() - 1);
      lines.push_back(bytes.substr(begin, end + 1 - begin));
      begin = end + 1;
    }
    return lines;
  }

  // Of one line, the header as any other.
  void SwapColumns(std::string& bytes) {
    std::vector<std::string> lines = Lines(bytes);
    if (lines.empty()) return;
    std::string& line = lines[Below(lines.size())];
    std::vector<size_t> commas;
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == ',') commas.push_back(i);
    }
    if (!commas.empty()) {
      const size_t comma = commas[Below(commas.size())];
      const size_t end =
          std::min(line.find_last_not_of("\r\n") + 1, line.size());
      line = line.substr(comma + 1, end - comma - 1) + "," +
             line.substr(0, comma) + line.substr(end);
    }
    bytes.clear();
    for (const std::string& text : lines) bytes += text;
  }

  std::mt19937 random_;
};

}  // namespace gloce

#include "eval/report.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "gloce/base/error.h"

namespace gloce {

// The files of src/eval/report/, put into the library by
// cmake/embed_text.cmake.
std::string_view ReportPage();
std::string_view ReportStyle();
std::string_view ReportScript();

namespace {

using nlohmann::ordered_json;

void CheckDocument(const ordered_json& document) {
  if (!document.is_object() || document.value("format", "") != "gloce-report" ||
      document.value("version", 0) != 1) {
    throw Error(
        "report: expected a document of format gloce-report, version 1");
  }
  for (const char* key : {"title", "sets", "figures", "concepts", "rows"}) {
    if (!document.contains(key)) {
      throw Error("report: the document has no " + std::string(key));
    }
  }
  if (!document["sets"].is_array() || document["sets"].empty()) {
    throw Error("report: sets: expected at least one");
  }
}

// JSON that may stand in a script element: "</script" or "<!--" in a text would
// else end it, or begin what ends elsewhere. All of JSON's own `<` are in
// texts.
std::string JsonForHtml(const ordered_json& document) {
  const std::string json =
      document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  std::string escaped;
  escaped.reserve(json.size() + json.size() / 64);
  for (const char letter : json) {
    if (letter == '<') {
      escaped += "\\u003c";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

// Appends what `page` has before `mark` and then `part`; `page` goes on behind
// it. What has been put in is not looked at again, whatever it contains.
void AppendUpTo(std::string_view mark, std::string_view part,
                std::string_view& page, std::string& out) {
  const size_t place = page.find(mark);
  if (place == std::string_view::npos) {
    throw Error("report: page.html has no " + std::string(mark));
  }
  out += page.substr(0, place);
  out += part;
  page.remove_prefix(place + mark.size());
}

}  // namespace

std::string RenderReport(const ordered_json& document) {
  CheckDocument(document);
  std::string_view page = ReportPage();
  std::string out;
  AppendUpTo("{{style}}", ReportStyle(), page, out);
  AppendUpTo("{{data}}", JsonForHtml(document), page, out);
  AppendUpTo("{{script}}", ReportScript(), page, out);
  out += page;
  return out;
}

}  // namespace gloce

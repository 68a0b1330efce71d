// The page around the document; tests/eval/report_browser_test.py opens it.
#include "eval/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "error_text.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

ordered_json SmallDocument() {
  return ordered_json::parse(R"({
    "format": "gloce-report", "version": 1, "title": "owl",
    "sets": [{"name": "GLoCE", "role": "erased", "folder": "out",
              "pictures": 1}],
    "figures": [], "concepts": [], "rows": []})");
}

// What the browser reads as the document.
std::string DataOf(const std::string& page) {
  const std::string begin = R"(id="report-data">)";
  const size_t from = page.find(begin) + begin.size();
  return page.substr(from, page.find("</script>", from) - from);
}

TEST(ReportTest, HoldsTheDocument) {
  const ordered_json document = SmallDocument();
  EXPECT_EQ(ordered_json::parse(DataOf(RenderReport(document))), document);
}

TEST(ReportTest, TextsCannotEndTheScript) {
  ordered_json document = SmallDocument();
  document["title"] = "</script><!-- {{script}} {{data}} é";
  const std::string data = DataOf(RenderReport(document));
  EXPECT_THAT(data, Not(HasSubstr("<")));
  EXPECT_EQ(ordered_json::parse(data), document);
}

TEST(ReportTest, BytesThatAreNoTextAreReplaced) {
  ordered_json document = SmallDocument();
  document["title"] = "a\xff";
  const std::string data = DataOf(RenderReport(document));
  EXPECT_EQ(ordered_json::parse(data)["title"], "a\xef\xbf\xbd");
}

TEST(ReportTest, LoadsNothing) {
  const std::string page = RenderReport(SmallDocument());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("{{")));
  EXPECT_THAT(page, Not(HasSubstr("https://")));
  EXPECT_THAT(page, Not(HasSubstr("innerHTML")));
  // The document's and the page's own.
  EXPECT_EQ(page.find("</script>", page.find("</script>") + 1),
            page.rfind("</script>"));
}

TEST(ReportTest, RefusesOtherDocuments) {
  ordered_json document = SmallDocument();
  document["version"] = 2;
  EXPECT_EQ(ErrorText([&] { RenderReport(document); }),
            "report: expected a document of format gloce-report, version 1");
  document = SmallDocument();
  document.erase("rows");
  EXPECT_EQ(ErrorText([&] { RenderReport(document); }),
            "report: the document has no rows");
  document["rows"] = ordered_json::array();
  document["sets"].clear();
  EXPECT_EQ(ErrorText([&] { RenderReport(document); }),
            "report: sets: expected at least one");
}

}  // namespace
}  // namespace gloce

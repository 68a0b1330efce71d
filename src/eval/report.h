// The results of `gloce eval` as a page to look at.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace gloce {

// One HTML file with everything it needs inside; it loads nothing.
//   document  as docs/formats.md ("Report document") says; bytes of its texts
//             that are no UTF-8 become U+FFFD
// Throws Error if `document` is of another format or version, or lacks one of
// the keys that every document has.
std::string RenderReport(const nlohmann::ordered_json& document);

}  // namespace gloce

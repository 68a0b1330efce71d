// What to erase and how: names and settings from presets, files, the bundle and
// the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gloce/erasure/eraser.h"

namespace gloce {

// A concept before its anchors and mapping were chosen: lists may be open.
struct ConceptRequest {
  ConceptSettings settings;  // name and numbers are final; prompts as far as
                             // they were given
  std::string
      concept_template;  // "a picture of {a}": turns a name into a prompt
  std::vector<std::string>
      anchor_pool;  // names to choose anchors and mapping from
  int64_t num_anchors =
      0;  // most similar of the pool; 0 if anchors were given in full
  int64_t num_mapping =
      0;  // least similar of the pool; 0 if the mapping was given
  bool published_filter =
      false;  // leave out of the pool what the published code does: names that
              // contain the target, upper and lower case told apart
};

// A pool entry and how similar its prompt's embedding is to the target's.
struct SimilarName {
  std::string name;
  double similarity;  // mean cosine over token positions 1…8, averaged over the
                      // target's prompts
};

// What was chosen from a concept's pool; empty where it was given in full.
struct ConceptChoice {
  std::vector<SimilarName> anchors;  // in the order of settings.anchors, most
                                     // similar last
  std::vector<SimilarName> mapping;  // of settings.mapping, least similar first
};

// Where settings come from, weakest first: the bundle's defaults, the preset
// that the list or the command line names, the concept list's own, a concept's
// own inside the list, the command line.
struct ConceptSources {
  std::string
      list_path;  // a concept list: JSON, or a text file with one name a line
  std::vector<std::string>
      erase;  // names from the command line, used if there is no list; without
              // either, the concepts that the command line's preset names
  std::string bundle_defaults_json;  // "defaults" of bundle.json
  std::string
      command_line_json;  // {"tau": 2.0, …}: the same keys as in a concept list
};

// Reads and joins the sources. Throws Error or UsageError naming place and key:
// unknown keys, wrong types, values out of range, names that appear twice, no
// concept at all.
std::vector<ConceptRequest> ReadConcepts(const ConceptSources& sources);

// "a picture of {a}" and "owl" give "a picture of an owl"; "{}" stands for the
// bare name.
std::string FillTemplate(const std::string& concept_template,
                         const std::string& name);

}  // namespace gloce

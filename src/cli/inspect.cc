// gloce inspect: what a bundle, an erasers file or a picture is.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "batch/png_reader.h"
#include "bundle/manifest.h"
#include "cli/command.h"
#include "erasure/concept_json.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

using nlohmann::json;

struct InspectOptions {
  std::string path;
  OutputOptions output;
};

json DescribeBundle(const std::string& path) {
  const Bundle bundle(path);
  const BundleManifest& manifest = bundle.manifest();
  json hooks = json::array();
  for (const HookPoint& hook : manifest.hooks) {
    hooks.push_back({{"path", hook.path}, {"width", hook.width}});
  }
  json files = json::object();
  for (const auto& [key, file] : manifest.files) {
    bundle.CheckedPath(file);  // an inspection is the moment to notice damage
    files[key] = file.name;
  }
  json evaluators = json::array();
  for (const auto& [key, spec] : manifest.evaluators) {
    bundle.CheckedPath(spec.file);
    evaluators.push_back(key);
  }
  return {{"kind", "bundle"},
          {"name", manifest.name},
          {"family", manifest.family},
          {"model_identity", manifest.model_identity},
          {"prediction_type", manifest.prediction_type},
          {"dtype", manifest.dtype},
          {"picture_size",
           manifest.latent.sample_size * manifest.latent.vae_scale_factor},
          {"size_multiple", manifest.latent.size_multiple},
          {"latent_channels", manifest.latent.channels},
          {"scheduler",
           json::parse(manifest.scheduler_json).value("_class_name", "")},
          {"max_tokens", manifest.text.max_length},
          {"hooks", hooks},
          {"files", files},
          {"evaluators", evaluators}};
}

json DescribeErasers(const std::string& path) {
  const Erasers erasers = ReadErasers(path);
  json concepts = json::array();
  for (const ConceptInfo& info : erasers.concepts)
    concepts.push_back(ConceptToJson(info));
  json layers = json::array();
  for (const LayerErasers& layer : erasers.layers) {
    layers.push_back({{"path", layer.path}, {"width", layer.width}});
  }
  return {{"kind", "erasers"},
          {"model_identity", erasers.model_identity},
          {"sha256", ErasersHash(erasers)},
          {"dtype", DtypeName(erasers.stored_dtype)},
          {"concepts", concepts},
          {"layers", layers}};
}

json DescribePicture(const std::string& path) {
  const PngInfo png = ReadPng(ReadFile(path), path);
  json text = json::object();
  for (const auto& [key, value] : png.text) text[key] = value;
  return {{"kind", "picture"},
          {"width", png.width},
          {"height", png.height},
          {"text", text}};
}

json Describe(const std::string& path) {
  namespace fs = std::filesystem;
  if (fs::is_directory(path)) return DescribeBundle(path);
  if (path.ends_with(".png")) return DescribePicture(path);
  if (fs::path(path).filename() == "bundle.json") {
    return DescribeBundle(fs::absolute(path).parent_path().string());
  }
  return DescribeErasers(path);
}

// A document as indented lines, lists of short items on one line.
void PrintText(const json& value, const std::string& indent) {
  for (const auto& [key, item] : value.items()) {
    std::cout << indent << key << ": ";
    const bool nested = item.is_object() || (item.is_array() && !item.empty() &&
                                             item[0].is_object());
    if (!nested) {
      std::cout << (item.is_string() ? item.get<std::string>()
                    : item.is_null() ? "unknown"
                                     : item.dump())
                << '\n';
      continue;
    }
    std::cout << '\n';
    if (item.is_object()) {
      PrintText(item, indent + "  ");
      continue;
    }
    for (const json& entry : item) {
      if (entry.contains("path")) {  // hook points: one line each
        std::cout << indent << "  " << entry["path"].get<std::string>() << "  "
                  << entry["width"].dump() << '\n';
      } else {
        std::cout << indent << "  -\n";
        PrintText(entry, indent + "    ");
      }
    }
  }
}

int RunInspect(const InspectOptions& o) {
  json document = Describe(o.path);
  if (o.output.json) {
    std::cout << document.dump(2) << '\n';
  } else if (!o.output.quiet) {
    // Five numbers a concept and layer: for programs and for gloce eval.
    if (document.contains("concepts")) {
      for (json& item : document["concepts"]) item.erase("fit");
    }
    PrintText(document, "");
  }
  return kDone;
}

}  // namespace

void RegisterInspect(CLI::App& app, Command& command) {
  CLI::App* sub = app.add_subcommand(
      "inspect", "Show and check a bundle, an erasers file or a PNG");
  auto o = std::make_shared<InspectOptions>();
  sub->add_option("path", o->path,
                  "Bundle folder, erasers file, or picture made by gloce")
      ->required()
      ->type_name("PATH");
  o->output.Register(*sub);
  sub->footer(
      "\nExamples:\n  gloce inspect erasers.safetensors\n  gloce inspect "
      "build/emoji --json\n"
      "  gloce inspect out/0_0.png");
  sub->callback([o, &command] { command = [o] { return RunInspect(*o); }; });
}

}  // namespace gloce

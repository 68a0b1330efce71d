// Embeds gloce in a program: draws one picture without and with erasing.
//
//   erase_one BUNDLE ERASERS PROMPT SEED STEPS OUT_FOLDER
//
// What a service would do is here too: everything that is slow (networks,
// erasers) is loaded once; each request then samples with the erasers, and the
// strength, that it asks for. Nothing of this is thread-safe: a process, or a
// lock, a network.
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "gloce/base/error.h"
#include "gloce/batch/png_writer.h"
#include "gloce/bundle/device.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/erased_denoiser.h"
#include "gloce/erasure/eraser_file.h"

namespace {

struct Request {
  gloce::ImagePrompt prompt;
  int64_t steps = 50;
  double strength = 1;  // of the erasure; 0 is the unmodified model
};

class PictureService {
 public:
  PictureService(const std::string& bundle, const std::string& erasers)
      : pipeline_(bundle, gloce::ParsePlacement("auto", "float32")),
        erasers_(gloce::ReadErasers(erasers)),
        denoiser_(pipeline_.bundle(), pipeline_.placement(), erasers_) {}

  // A PNG of the model's own size.
  std::string Draw(const Request& request) {
    denoiser_.SetErasers(erasers_, request.strength);
    int64_t width = 0;  // the model's own
    int64_t height = 0;
    pipeline_.CheckSize(width, height);
    gloce::SamplingSettings settings;
    settings.num_inference_steps = request.steps;
    const auto scheduler = pipeline_.MakeScheduler("");  // the bundle's own
    const at::Tensor latents = pipeline_.Sample(
        denoiser_, *scheduler, {request.prompt}, width, height, settings);
    const at::Tensor pixels = pipeline_.Decode(latents);  // (1, H, W, 3) uint8
    return gloce::EncodePng(pixels.const_data_ptr<uint8_t>(),
                            static_cast<int>(width), static_cast<int>(height),
                            {{"prompt", request.prompt.prompt}});
  }

 private:
  gloce::Pipeline pipeline_;
  gloce::Erasers erasers_;
  gloce::ErasedDenoiser denoiser_;
};

void Write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw gloce::Error(path + ": cannot be written");
  std::cout << path << '\n';
}

// A whole number; throws gloce::Error where `text` is none.
int64_t ToInteger(const char* name, std::string_view text) {
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  throw gloce::Error(std::string(name) + ": got " + std::string(text) +
                     ", expected a whole number");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: erase_one BUNDLE ERASERS PROMPT SEED STEPS OUT\n";
    return 2;
  }
  try {
    PictureService service(argv[1], argv[2]);
    Request request{{argv[3], "", ToInteger("SEED", argv[4])},
                    ToInteger("STEPS", argv[5]),
                    0};
    const std::string folder = argv[6];
    Write(folder + "/before.png", service.Draw(request));
    request.strength = 1;
    Write(folder + "/after.png", service.Draw(request));
  } catch (const gloce::Error& error) {  // one line that says what to do
    std::cerr << "erase_one: " << error.what() << '\n';
    return 1;
  }
  return 0;
}

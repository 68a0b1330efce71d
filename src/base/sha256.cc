#include "base/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/system_error.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    Check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
  }
  void Update(const void* data, size_t size) {
    Check(EVP_DigestUpdate(context_.get(), data, size));
  }
  std::string Hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    Check(EVP_DigestFinal_ex(context_.get(), digest.data(), &size));
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
      hex += kDigits[digest[i] >> 4];
      hex += kDigits[digest[i] & 15];
    }
    return hex;
  }

 private:
  static void Check(bool ok) {
    if (!ok) throw Error("SHA-256 is not available in this libcrypto");
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string Sha256(std::string_view bytes) {
  Digest digest;
  digest.Update(bytes.data(), bytes.size());
  return digest.Hex();
}

std::string Sha256OfFile(const std::string& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) FailWithErrno(path, "cannot read", errno);
  Digest digest;
  std::vector<char> block(size_t{1} << 20);
  while (!std::feof(file.get()) && !std::ferror(file.get())) {
    digest.Update(block.data(),
                  std::fread(block.data(), 1, block.size(), file.get()));
  }
  if (std::ferror(file.get())) FailWithErrno(path, "read failed", errno);
  return digest.Hex();
}

}  // namespace gloce

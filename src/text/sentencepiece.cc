#include "text/sentencepiece.h"

#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "gloce/base/error.h"
#include "text/charsmap.h"
#include "text/protobuf.h"
#include "text/unicode.h"

namespace gloce {
namespace {

// Numbers of fields in sentencepiece_model.proto.
constexpr uint64_t kPieces = 1;
constexpr uint64_t kTrainerSpec = 2;
constexpr uint64_t kNormalizerSpec = 3;
constexpr uint64_t kPieceText = 1;            // of SentencePiece
constexpr uint64_t kPieceScore = 2;           // of SentencePiece
constexpr uint64_t kPieceType = 3;            // of SentencePiece
constexpr uint64_t kModelType = 3;            // of TrainerSpec
constexpr uint64_t kWhitespaceAsSuffix = 24;  // of TrainerSpec
constexpr uint64_t kPrecompiledCharsmap = 2;  // of NormalizerSpec

constexpr uint64_t kUnigram = 1;  // of ModelType; the default
constexpr uint64_t kNormal = 1;   // of SentencePiece.Type; the default
constexpr uint64_t kUnknown = 2;
constexpr uint64_t kControl = 3;

// Calls `visit` with every field of `message`.
template <typename Visit>
void ForEachField(std::string_view message, const std::string& origin,
                  const Visit& visit) {
  while (!message.empty()) {
    const auto field = TakeProtobufField(message);
    if (!field) {
      throw Error(origin +
                  ": is no sentencepiece model, or was cut or changed");
    }
    visit(*field);
  }
}

// Reads the parts of one model.
class Reader {
 public:
  explicit Reader(const std::string& origin) : origin_(origin) {}

  SentencePieceModel Read(std::string_view bytes) {
    ForEachField(bytes, origin_, [&](const ProtobufField& part) {
      if (part.number == kPieces) AddPiece(part.bytes);
      if (part.number == kTrainerSpec) ReadTrainerSpec(part.bytes);
      if (part.number == kNormalizerSpec) ReadNormalizerSpec(part.bytes);
    });
    if (!unk_) throw Error(origin_ + ": has no unknown piece");
    const Charsmap checked(model_.charsmap, origin_);
    model_.unk = *unk_;
    return std::move(model_);
  }

 private:
  void AddPiece(std::string_view message) {
    UnigramPiece piece{"", 0.0};
    uint64_t type = kNormal;
    ForEachField(message, origin_, [&](const ProtobufField& field) {
      if (field.number == kPieceText) piece.text = field.bytes;
      if (field.number == kPieceScore) {
        piece.score = std::bit_cast<float>(static_cast<uint32_t>(field.value));
      }
      if (field.number == kPieceType) type = field.value;
    });
    const auto fail = [&](const std::string& what) {
      throw Error(origin_ + ": piece " + std::to_string(model_.pieces.size()) +
                  " " + QuoteForMessage(piece.text) + ": " + what);
    };
    if (FindInvalidUtf8(piece.text) != std::string_view::npos) {
      fail("is not UTF-8");
    }
    if (type == kUnknown) {
      if (unk_) fail("is unknown, as piece " + std::to_string(*unk_) + " is");
      unk_ = model_.pieces.size();
    } else if (type != kNormal && type != kControl) {
      static const std::map<uint64_t, std::string> others = {
          {4, "defined by the user"}, {5, "unused"}, {6, "a byte"}};
      const auto other = others.find(type);
      fail("is " +
           (other == others.end() ? "of type " + std::to_string(type)
                                  : other->second) +
           ", expected a normal, control or unknown one");
    }
    model_.pieces.push_back(std::move(piece));
  }

  void ReadTrainerSpec(std::string_view message) {
    ForEachField(message, origin_, [&](const ProtobufField& field) {
      if (field.number == kModelType && field.value != kUnigram) {
        static const std::map<uint64_t, std::string> names = {
            {2, "BPE"}, {3, "word"}, {4, "character"}};
        const auto name = names.find(field.value);
        throw Error(
            origin_ + ": model type: got " +
            (name == names.end() ? std::to_string(field.value) : name->second) +
            ", expected unigram");
      }
      if (field.number == kWhitespaceAsSuffix && field.value != 0) {
        throw Error(origin_ +
                    ": treat_whitespace_as_suffix: got true, expected false");
      }
    });
  }

  void ReadNormalizerSpec(std::string_view message) {
    ForEachField(message, origin_, [&](const ProtobufField& field) {
      if (field.number == kPrecompiledCharsmap) model_.charsmap = field.bytes;
    });
  }

  const std::string& origin_;
  SentencePieceModel model_;
  std::optional<size_t> unk_;
};

}  // namespace

SentencePieceModel ReadSentencePieceModel(const std::string& bytes,
                                          const std::string& origin) {
  if (bytes.empty()) throw Error(origin + ": is empty");
  return Reader(origin).Read(bytes);
}

}  // namespace gloce

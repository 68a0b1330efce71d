#include "sentencepiece_models.h"

#include <cstring>

namespace gloce {
namespace {

std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) {
    out += static_cast<char>((value & 0x7F) | 0x80);
  }
  return out + static_cast<char>(value);
}

std::string Number(uint64_t field, uint64_t value) {
  return Varint(field << 3) + Varint(value);
}

std::string Bytes(uint64_t field, const std::string& value) {
  return Varint(field << 3 | 2) + Varint(value.size()) + value;
}

std::string LittleEndian(uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

std::string Float(uint64_t field, float value) {
  uint32_t bits = 0;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  return Varint(field << 3 | 5) + LittleEndian(bits);
}

const std::vector<TestPiece>& Words() {
  static const auto* const words = new std::vector<TestPiece>{
      {"\u2581", -2},  {"\u2581a", -3}, {"\u2581cat", -4}, {"c", -5},
      {"a", -4.5},     {"t", -5.5},     {"at", -6},        {"s", -5.25},
      {"\u2581b", -7}, {"b", -8},       {"ab", -7.5}};
  return *words;
}

}  // namespace

std::string SentencePieceBytes(const std::vector<TestPiece>& pieces,
                               const std::string& charsmap,
                               uint8_t model_type) {
  std::string bytes;
  for (const TestPiece& piece : pieces) {
    bytes += Bytes(1, Bytes(1, piece.text) + Float(2, piece.score) +
                          Number(3, static_cast<uint64_t>(piece.type)));
  }
  bytes += Bytes(2, Number(3, model_type));
  return bytes +
         Bytes(3, charsmap.empty() ? Bytes(1, "identity") : Bytes(2, charsmap));
}

std::string CharsmapBytes(
    const std::vector<std::pair<char, std::string>>& replacements) {
  // Unit 0 is the root; its children lie from 256 on; each has a leaf of its
  // own from 512 on, at the place of its byte, hence at the same distance.
  std::vector<uint32_t> units(0x300);
  units[0] = 0x100U << 10;
  std::string texts;
  for (const auto& [byte, text] : replacements) {
    const auto label = static_cast<unsigned char>(byte);
    units[0x100U ^ label] = (0x300U << 10) | 1U << 8 | label;
    units[0x200U ^ label] = 1U << 31 | static_cast<uint32_t>(texts.size());
    texts += text;
    texts += '\0';
  }
  std::string bytes = LittleEndian(static_cast<uint32_t>(units.size() * 4));
  for (const uint32_t unit : units) bytes += LittleEndian(unit);
  return bytes + texts;
}

std::vector<TestPiece> TinyT5Pieces() {
  std::vector<TestPiece> pieces = {{"<pad>", 0, PieceType::kControl},
                                   {"</s>", 0, PieceType::kControl},
                                   {"<unk>", 0, PieceType::kUnknown}};
  pieces.insert(pieces.end(), Words().begin(), Words().end());
  return pieces;
}

std::vector<TestPiece> TinyXlmRobertaPieces() {
  std::vector<TestPiece> pieces = {{"<unk>", 0, PieceType::kUnknown},
                                   {"<s>", 0, PieceType::kControl},
                                   {"</s>", 0, PieceType::kControl}};
  pieces.insert(pieces.end(), Words().begin(), Words().end());
  pieces.push_back({"<mask>", 0, PieceType::kControl});
  return pieces;
}

}  // namespace gloce

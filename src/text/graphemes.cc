#include "text/graphemes.h"

#include "text/code_ranges.h"

namespace gloce {
namespace {

#include "text/grapheme_tables.inc"

// Grapheme_Cluster_Break, and Extended_Pictographic as a class of its own.
enum class Break {
  kOther,
  kCr,
  kLf,
  kControl,
  kExtend,
  kZwj,
  kSpacingMark,
  kPrepend,
  kRegionalIndicator,
  kHangulL,
  kHangulV,
  kHangulT,
  kHangulLv,
  kHangulLvt,
  kPictograph
};

constexpr char32_t kZeroWidthJoiner = 0x200D;

bool IsIn(char32_t c, char32_t first, char32_t last) {
  return first <= c && c <= last;
}

Break HangulClass(char32_t c) {
  if (IsIn(c, 0x1100, 0x115F) || IsIn(c, 0xA960, 0xA97C)) {
    return Break::kHangulL;
  }
  if (IsIn(c, 0x1160, 0x11A7) || IsIn(c, 0xD7B0, 0xD7C6) || c == 0x16D63 ||
      IsIn(c, 0x16D67, 0x16D6A)) {
    return Break::kHangulV;
  }
  if (IsIn(c, 0x11A8, 0x11FF) || IsIn(c, 0xD7CB, 0xD7FB)) {
    return Break::kHangulT;
  }
  if (IsIn(c, 0xAC00, 0xD7A3)) {
    return (c - 0xAC00) % 28 == 0 ? Break::kHangulLv : Break::kHangulLvt;
  }
  return Break::kOther;
}

Break ClassOf(char32_t c) {
  if (c == U'\r') return Break::kCr;
  if (c == U'\n') return Break::kLf;
  if (c >= 0x20 && c < 0x7F) return Break::kOther;
  if (c == kZeroWidthJoiner) return Break::kZwj;
  if (FindRange(kControls, c) != nullptr) return Break::kControl;
  if (FindRange(kExtends, c) != nullptr) return Break::kExtend;
  if (FindRange(kSpacingMarks, c) != nullptr) return Break::kSpacingMark;
  if (FindRange(kPrepends, c) != nullptr) return Break::kPrepend;
  if (FindRange(kPictographs, c) != nullptr) return Break::kPictograph;
  if (IsIn(c, 0x1F1E6, 0x1F1FF)) return Break::kRegionalIndicator;
  return HangulClass(c);
}

bool IsControl(Break b) {
  return b == Break::kCr || b == Break::kLf || b == Break::kControl;
}

// GB6, GB7, GB8.
bool JoinsHangul(Break before, Break after) {
  switch (before) {
    case Break::kHangulL:
      return after == Break::kHangulL || after == Break::kHangulV ||
             after == Break::kHangulLv || after == Break::kHangulLvt;
    case Break::kHangulLv:
    case Break::kHangulV:
      return after == Break::kHangulV || after == Break::kHangulT;
    case Break::kHangulLvt:
    case Break::kHangulT:
      return after == Break::kHangulT;
    default:
      return false;
  }
}

// What the rules need to know of the cluster up to now.
class Cluster {
 public:
  explicit Cluster(char32_t first) { Add(first, ClassOf(first)); }

  // Adds `c` if there is no boundary before it.
  bool TryAdd(char32_t c) {
    const Break next = ClassOf(c);
    if (!Joins(c, next)) return false;
    Add(c, next);
    return true;
  }

 private:
  bool Joins(char32_t c, Break next) const {
    if (last_ == Break::kCr) return next == Break::kLf;     // GB3, GB4
    if (IsControl(last_) || IsControl(next)) return false;  // GB4, GB5
    if (JoinsHangul(last_, next)) return true;              // GB6 to GB8
    if (next == Break::kExtend || next == Break::kZwj ||    // GB9
        next == Break::kSpacingMark ||                      // GB9a
        last_ == Break::kPrepend) {                         // GB9b
      return true;
    }
    if (linked_ && FindRange(kConjunctConsonants, c) != nullptr) {
      return true;  // GB9c
    }
    if (next == Break::kPictograph && joined_pictograph_) return true;  // GB11
    return next == Break::kRegionalIndicator && odd_indicators_;  // GB12, GB13
  }

  void Add(char32_t c, Break b) {
    joined_pictograph_ = b == Break::kZwj && after_pictograph_;
    after_pictograph_ =
        b == Break::kPictograph || (b == Break::kExtend && after_pictograph_);
    if (FindRange(kConjunctConsonants, c) != nullptr) {
      after_consonant_ = true;
      linked_ = false;
    } else if (FindRange(kConjunctLinkers, c) != nullptr) {
      linked_ = after_consonant_;
    } else if (FindRange(kConjunctExtends, c) == nullptr) {
      after_consonant_ = linked_ = false;
    }
    odd_indicators_ = b == Break::kRegionalIndicator && !odd_indicators_;
    last_ = b;
  }

  Break last_ = Break::kOther;
  bool after_pictograph_ = false;   // Pictograph Extend*
  bool joined_pictograph_ = false;  // Pictograph Extend* ZWJ
  bool after_consonant_ = false;    // Consonant (Extend | Linker)*
  bool linked_ = false;             // the same with a Linker among them
  bool odd_indicators_ = false;
};

}  // namespace

size_t GraphemeLength(std::u32string_view text) {
  if (text.empty()) return 0;
  Cluster cluster(text[0]);
  size_t length = 1;
  while (length < text.size() && cluster.TryAdd(text[length])) ++length;
  return length;
}

}  // namespace gloce

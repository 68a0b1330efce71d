// Model files of the sentencepiece library.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "text/unigram.h"

namespace gloce {

struct SentencePieceModel {
  std::vector<UnigramPiece> pieces;  // by id; scores are float32 values
  size_t unk = 0;                    // which of them stands for the unknown
  std::string charsmap;              // see Charsmap; empty: text stays as it is
};

// Note [The sentencepiece library]
// Programs must not link libsentencepiece and LibTorch together: both
// libsentencepiece.so and libc10.so export a variable FLAGS_minloglevel, an
// object of 32 bytes in the one and an int in the other. The loader
// gives both the same place, and the larger one overwrites what stands behind
// it (with Debian's package 0.1.97 and LibTorch 2.15 a mutex of libc10, so that
// the first run of a network never ends). Hence a model is read here, field by
// field; segmentation would be gloce's own in any case (unigram.h).

// Reads a unigram model (the contents of spiece.model or
// sentencepiece.bpe.model: a ModelProto of sentencepiece_model.proto). Throws
// Error, beginning with `origin`, if `bytes` are no such model, if it is of
// another kind (BPE, word, character), if its normalisation table is broken, if
// it has not just one unknown piece, or if it uses what the families here do
// not: bytes as pieces (byte_fallback), pieces defined by the user, unused
// pieces, white space at the end of words.
SentencePieceModel ReadSentencePieceModel(const std::string& bytes,
                                          const std::string& origin);

}  // namespace gloce

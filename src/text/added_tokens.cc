#include "text/added_tokens.h"

#include "text/unicode.h"

namespace gloce {

size_t CountSpacesAtEnd(std::u32string_view text) {
  size_t count = 0;
  while (count < text.size() && IsSpace(text[text.size() - 1 - count])) ++count;
  return count;
}

size_t CountSpacesAtBegin(std::u32string_view text) {
  size_t count = 0;
  while (count < text.size() && IsSpace(text[count])) ++count;
  return count;
}

}  // namespace gloce

#include "base/allocator.h"

#include <limits>  // any header of the library defines __GLIBC__

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace gloce {

void KeepFreedMemory() {
#if defined(__GLIBC__)
  // Blocks up to 32 MiB, the most that glibc takes, come from the heap.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

void ReturnFreedMemory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace gloce

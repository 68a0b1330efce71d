#include "cli/allocator.h"

#include <limits>  // any header of the library defines __GLIBC__

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace gloce {

void KeepFreedMemory() {
#if defined(__GLIBC__)
  // Up to 32 MiB, the most that glibc takes, from the heap; above that from the
  // heap where it has room.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 256 << 20);  // address space; pages count when written
#endif
}

}  // namespace gloce

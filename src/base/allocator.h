// How the process's allocator treats memory that is freed.
#pragma once

namespace gloce {

// Keeps freed memory for what is allocated next. A step of Stable Diffusion 1.4
// allocates and frees some 5 GB of activations; the C library would give large
// blocks back to the system each time, and every page that comes again is
// cleared again, a sixth of a step. The largest resident set stays what it is.
// Does nothing where the C library is not glibc.
void KeepFreedMemory();

// Gives freed memory back: between two kinds of work whose blocks differ in
// size, so that their peaks do not add up.
void ReturnFreedMemory();

}  // namespace gloce

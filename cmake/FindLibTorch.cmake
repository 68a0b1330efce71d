# Finds LibTorch in the PyPI wheel (or any LibTorch folder) without the wheel's own CMake package,
# which fails where the system's CUDA libraries differ from those the wheel was built with.
#
# Looked up in this order:
#   LIBTORCH_DIR       a folder with include/ and lib/ (cache or environment variable)
#   GLOCE_PYTHON       a Python that has torch (cache variable)
#   GLOCE_VENV         a virtual environment (environment variable), then .venv in the source folder
# Defines LibTorch::LibTorch and LIBTORCH_VERSION.

if(NOT LIBTORCH_DIR AND DEFINED ENV{LIBTORCH_DIR})
  set(LIBTORCH_DIR $ENV{LIBTORCH_DIR})
endif()
if(NOT LIBTORCH_DIR)
  set(candidates ${GLOCE_PYTHON} $ENV{GLOCE_VENV}/bin/python ${CMAKE_SOURCE_DIR}/.venv/bin/python)
  foreach(candidate IN LISTS candidates)
    if(EXISTS ${candidate})
      execute_process(
        COMMAND ${candidate} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      if(EXISTS ${found}/lib/libtorch.so)
        set(LIBTORCH_DIR ${found})
        break()
      endif()
    endif()
  endforeach()
endif()
set(LIBTORCH_DIR "${LIBTORCH_DIR}" CACHE PATH "LibTorch folder (include/, lib/)")

# The version header moved between releases, and may spell the version in parts.
unset(LIBTORCH_VERSION)
foreach(header torch/headeronly/version.h torch/version.h)
  if(NOT LIBTORCH_VERSION AND EXISTS ${LIBTORCH_DIR}/include/${header})
    file(READ ${LIBTORCH_DIR}/include/${header} header_text)
    set(parts "")
    foreach(part MAJOR MINOR PATCH)
      if(header_text MATCHES "define TORCH_VERSION_${part} ([0-9]+)")
        list(APPEND parts ${CMAKE_MATCH_1})
      endif()
    endforeach()
    list(JOIN parts "." LIBTORCH_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LIBTORCH_DIR LIBTORCH_VERSION VERSION_VAR LIBTORCH_VERSION
  REASON_FAILURE_MESSAGE "Run scripts/quickstart.sh, or pass -DLIBTORCH_DIR=<folder> or -DGLOCE_PYTHON=<python with torch>.")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    ${LIBTORCH_DIR}/include ${LIBTORCH_DIR}/include/torch/csrc/api/include)
  target_link_directories(LibTorch::LibTorch INTERFACE ${LIBTORCH_DIR}/lib)
  # The CUDA libraries of the wheel live in sibling packages that the loader finds at run time.
  target_link_options(LibTorch::LibTorch INTERFACE
    -Wl,--allow-shlib-undefined -Wl,-rpath,${LIBTORCH_DIR}/lib)
  set(torch_libraries torch torch_cpu c10)
  if(EXISTS ${LIBTORCH_DIR}/lib/libtorch_cuda.so)
    list(APPEND torch_libraries torch_cuda c10_cuda)
  endif()
  target_link_libraries(LibTorch::LibTorch INTERFACE
    -Wl,--no-as-needed ${torch_libraries} -Wl,--as-needed)
endif()

# Language level, warnings and sanitizers of every target of ours.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # pch_defines and time_macros let ccache keep objects that were made with a precompiled header;
  # the base folder lets checkouts in different places share the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

add_library(gloce_flags INTERFACE)
target_compile_options(gloce_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wpointer-arith)
if(GLOCE_WERROR)
  target_compile_options(gloce_flags INTERFACE -Werror)
endif()
if(GLOCE_SANITIZE)
  target_compile_options(gloce_flags INTERFACE
    -fsanitize=${GLOCE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gloce_flags INTERFACE -fsanitize=${GLOCE_SANITIZE})
endif()

# embed_text(TARGET NAME FILES...): adds to TARGET a C++ file with
#   namespace gloce { std::string_view NAME(); }
# that returns the files' text, joined. It is made anew when one of them has changed, by this file
# run as a script. Bytes become hexadecimal escapes, since a piece of a literal, whose length compilers
# may limit, would else end within a character.

if(CMAKE_SCRIPT_MODE_FILE)
  set(literals "")
  string(REPEAT "." 128 line)  # 32 escapes
  foreach(file IN LISTS FILES)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "\\\\x\\1" escaped "${bytes}")
    string(REGEX REPLACE "(${line})" "\\1\"\n    \"" escaped "${escaped}")
    string(APPEND literals "    \"${escaped}\"\n")
  endforeach()
  file(WRITE ${OUTPUT}
"// Made by cmake/embed_text.cmake.
#include <string_view>

namespace gloce {

std::string_view ${NAME}();

std::string_view ${NAME}() {
  static constexpr char kText[] =
${literals}    \"\";
  return {kText, sizeof(kText) - 1};
}

}  // namespace gloce
")
  return()
endif()

set(EMBED_TEXT_SCRIPT ${CMAKE_CURRENT_LIST_FILE} CACHE INTERNAL "")

function(embed_text target name)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  set(files ${ARGN})
  list(TRANSFORM files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DOUTPUT=${output} -DNAME=${name}
      -P ${EMBED_TEXT_SCRIPT}
    DEPENDS ${files} ${EMBED_TEXT_SCRIPT}
    COMMENT "Embedding ${name}"
    VERBATIM)
  # Of its own, because the rule of a generated file is known in one folder only.
  set(library embedded_${name})
  add_library(${library} OBJECT ${output})
  set_target_properties(${library} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${library} PRIVATE cxx_std_20)
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${library}>)
endfunction()

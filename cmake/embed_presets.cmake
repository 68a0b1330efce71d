# embed_presets(OUTPUT SOURCE_DIR): writes a C++ file with every file of configs/build/ as a string.
# Long strings are cut into pieces, since a compiler may limit one literal's length.
function(embed_presets output source_dir)
  file(GLOB files CONFIGURE_DEPENDS ${source_dir}/*.json ${source_dir}/*.txt)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file IN LISTS files)
    cmake_path(GET file FILENAME name)
    file(READ ${file} content)
    string(LENGTH "${content}" length)
    set(literal "")
    set(start 0)
    while(start LESS length)
      string(SUBSTRING "${content}" ${start} 8000 piece)
      string(APPEND literal " R\"preset(${piece})preset\"")
      math(EXPR start "${start} + 8000")
    endwhile()
    string(APPEND entries "      {\"${name}\",${literal}},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} CONTENT
"// Made by cmake/embed_presets.cmake from configs/build/.
#include <map>
#include <string>
#include <string_view>

namespace gloce {

const std::map<std::string, std::string_view>& EmbeddedPresetFiles() {
  static const auto* const files = new std::map<std::string, std::string_view>{
@entries@  };
  return *files;
}

}  // namespace gloce
" @ONLY)
endfunction()

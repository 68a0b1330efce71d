# add_gloce_test(NAME LABEL SOURCES...)
#
# One GoogleTest program per layer and label; a program of unit tests is one test, since loading
# LibTorch for each of hundreds would take longer than they do. Labels: unit, model (needs an exported bundle), cli,
# slow, gpu. Tests read GLOCE_TEST_DATA (tests/data) and GLOCE_BUNDLES (exported test bundles).
find_package(GTest REQUIRED)
include(GoogleTest)

function(add_gloce_test name label)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE gloce_cli gloce gloce_flags nlohmann_json::nlohmann_json
    GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    GLOCE_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data"
    GLOCE_MODELS="${PROJECT_SOURCE_DIR}/models"
    GLOCE_PROGRAM="${PROJECT_BINARY_DIR}/gloce"
    GLOCE_BUNDLES="${PROJECT_BINARY_DIR}/testdata")
  # Compiled as the library is, whose precompiled header does not fit otherwise.
  target_compile_options(${name} PRIVATE -fPIC)
  target_compile_definitions(${name} PRIVATE GLOCE_VERSION="${PROJECT_VERSION}")
  target_precompile_headers(${name} REUSE_FROM gloce)
  if(label STREQUAL unit)
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES
      LABELS unit TIMEOUT 600 FAIL_REGULAR_EXPRESSION "SKIPPED")
  else()
    gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES
      LABELS ${label} TIMEOUT 300 FIXTURES_REQUIRED bundles)
  endif()
endfunction()

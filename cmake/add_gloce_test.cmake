# add_gloce_test(NAME LABEL SOURCES...)
#
# One GoogleTest program per layer and label. Labels: unit, model (needs an exported bundle), cli,
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
  set(properties LABELS ${label} TIMEOUT 300)
  if(NOT label STREQUAL unit)
    list(APPEND properties FIXTURES_REQUIRED bundles)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()

# cmake --install: the program, the library with its headers, and a package for find_package(gloce).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gloce)

install(TARGETS gloce_main RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS gloce EXPORT gloceTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/gloce DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT gloceTargets NAMESPACE gloce:: DESTINATION ${package_dir})

configure_package_config_file(cmake/gloceConfig.cmake.in
  ${PROJECT_BINARY_DIR}/gloceConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/gloceConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gloceConfig.cmake
  ${PROJECT_BINARY_DIR}/gloceConfigVersion.cmake cmake/FindLibTorch.cmake
  DESTINATION ${package_dir})

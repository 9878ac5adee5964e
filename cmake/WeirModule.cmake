# SPDX-License-Identifier: MIT
#
# What a library of weir is. Headers lie beside their sources; users write <weir/runtime/task.h>.
# weir_module makes that true with a one-line forwarding header for each public header under the
# build folder, and installs the real file under the same spelling. Since each library has an
# include folder of its own, an include of a library that was not linked does not compile.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# weir_module(<target> HEADERS <public>... SOURCES <all else>...
#             PUBLIC_LINK <libraries>... PRIVATE_LINK <libraries>...)
# makes the static library <target> of the current folder, and weir::<target without weir_>.
function(weir_module target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;PUBLIC_LINK;PRIVATE_LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weir_module(${target}): not understood: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  file(RELATIVE_PATH module ${weir_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REGEX REPLACE "^weir_" "" short_name ${target})

  add_library(${target} STATIC ${arg_SOURCES} ${arg_HEADERS})
  add_library(weir::${short_name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${short_name} LINKER_LANGUAGE CXX CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_BINARY_DIR}/include>
           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${weir_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC_LINK} PRIVATE ${arg_PRIVATE_LINK})

  foreach(header IN LISTS arg_HEADERS)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/include/weir/${module}/${header}
         CONTENT "#include \"${CMAKE_CURRENT_SOURCE_DIR}/${header}\"\n" @ONLY)
    set_property(GLOBAL APPEND PROPERTY WEIR_PUBLIC_HEADERS ${module}/${header})
    if(WEIR_INSTALL)
      cmake_path(GET header PARENT_PATH subfolder)
      install(FILES ${header}
              DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weir/${module}/${subfolder})
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY WEIR_MODULES ${short_name})
  if(WEIR_INSTALL)
    install(TARGETS ${target} EXPORT weirTargets
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/weir)
  endif()
endfunction()

# Installs what find_package(weir) reads, and the program where it was built.
function(weir_install_package)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
  configure_package_config_file(
    ${weir_SOURCE_DIR}/cmake/weirConfig.cmake.in ${weir_BINARY_DIR}/weirConfig.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
  # Before 1.0 a new minor version may change what users see.
  write_basic_package_version_file(${weir_BINARY_DIR}/weirConfigVersion.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(FILES ${weir_BINARY_DIR}/weirConfig.cmake ${weir_BINARY_DIR}/weirConfigVersion.cmake
          DESTINATION ${package_dir})
  install(EXPORT weirTargets NAMESPACE weir:: DESTINATION ${package_dir})
  if(TARGET weir_program)
    install(TARGETS weir_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

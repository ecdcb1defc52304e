# SHIFTSCOPE_PORTABLE=1 in the environment builds an addon that runs on other machines of its platform, like the
# published ones. On Linux it contains libstdc++ and needs no symbol of a glibc newer than 2.28, the oldest that Node.js
# 20 runs on. libgcc_s stays a shared library, because Node.js needs it too. With musl, the addon only contains
# libstdc++.
option(SHIFTSCOPE_PORTABLE "Build an addon that runs on other machines" OFF)
# Set even if the cache already holds another value, from an earlier build of the addon.
set_property(CACHE SHIFTSCOPE_PORTABLE PROPERTY VALUE "$ENV{SHIFTSCOPE_PORTABLE}")

include(CheckCXXSymbolExists)
check_cxx_symbol_exists(__GLIBC__ features.h SHIFTSCOPE_GLIBC)

if(SHIFTSCOPE_PORTABLE AND CMAKE_SYSTEM_NAME STREQUAL Linux)
  target_link_options(shiftscope PRIVATE -static-libstdc++ -s)
endif()

if(SHIFTSCOPE_PORTABLE AND SHIFTSCOPE_GLIBC)
  # A replacement for the old libpthread, which the linker finds first. Since glibc 2.34 these functions are in libc,
  # which still has their old versions.
  if(SHIFTSCOPE_ARCHITECTURE STREQUAL SHIFTSCOPE_X86)
    set(version GLIBC_2.2.5)
  else()
    set(version GLIBC_2.17)
  endif()
  set(functions pthread_create pthread_detach pthread_getspecific pthread_join pthread_key_create pthread_key_delete
                pthread_once pthread_setspecific __pthread_key_create)
  set(source "")
  foreach(function IN LISTS functions)
    string(APPEND source "extern \"C\" void ${function}() {}\n")
  endforeach()
  list(JOIN functions "; " names)
  file(CONFIGURE OUTPUT libpthread.cpp CONTENT "${source}")
  file(CONFIGURE OUTPUT libpthread.map CONTENT "${version} { global: ${names}; local: *; };\n")
  add_library(shiftscope_libpthread SHARED ${CMAKE_CURRENT_BINARY_DIR}/libpthread.cpp)
  set_target_properties(shiftscope_libpthread PROPERTIES OUTPUT_NAME pthread SOVERSION 0 CXX_VISIBILITY_PRESET default
                                                         LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/libpthread)
  target_link_options(shiftscope_libpthread PRIVATE -nostdlib
                      -Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/libpthread.map)
  target_link_options(shiftscope PRIVATE LINKER:--no-as-needed)
  target_link_libraries(shiftscope PRIVATE shiftscope_libpthread)
  target_sources(shiftscope PRIVATE native/portable.cpp)
  set_target_properties(shiftscope PROPERTIES SKIP_BUILD_RPATH ON)
endif()

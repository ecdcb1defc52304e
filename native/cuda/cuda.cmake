# The library shiftscope_cuda: the operations on CUDA devices. Without nvcc, or if CUDA is not wanted, it only reports
# that there are no devices (absent.cpp). SHIFTSCOPE_CUDA_BUILT says whether the operations are built.

set(SHIFTSCOPE_CUDA_FOLDER ${CMAKE_CURRENT_LIST_DIR})
set(SHIFTSCOPE_CUDA_SOURCES ${SHIFTSCOPE_CUDA_FOLDER}/device.cpp)
set(SHIFTSCOPE_CUDA_KERNELS ${SHIFTSCOPE_CUDA_FOLDER}/cosine.cu ${SHIFTSCOPE_CUDA_FOLDER}/svm.cu)

if(CMAKE_JS_INC)
  set(SHIFTSCOPE_CUDA_DEFAULT OFF)
else()
  set(SHIFTSCOPE_CUDA_DEFAULT ON)
endif()
option(SHIFTSCOPE_CUDA "Build the CUDA kernels where nvcc is found" ${SHIFTSCOPE_CUDA_DEFAULT})
# The environment variable overrides the value in the cache, which may be from an earlier build of the addon.
if(CMAKE_JS_INC AND DEFINED ENV{SHIFTSCOPE_CUDA})
  set_property(CACHE SHIFTSCOPE_CUDA PROPERTY VALUE "$ENV{SHIFTSCOPE_CUDA}")
endif()

set(SHIFTSCOPE_CUDA_BUILT OFF)
set(SHIFTSCOPE_CUDA_ABSENCE "not asked for")
if(SHIFTSCOPE_CUDA)
  include(CheckLanguage)
  # Forget that an earlier run did not find nvcc; it may be installed by now.
  if(NOT CMAKE_CUDA_COMPILER)
    unset(CMAKE_CUDA_COMPILER CACHE)
  endif()
  check_language(CUDA)
  set(SHIFTSCOPE_CUDA_ABSENCE "nvcc is not found, or does not work with this C++ compiler")
  if(CMAKE_CUDA_COMPILER)
    # Machine code for Turing to Hopper; later devices compile the last one's PTX code.
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)
    endif()
    enable_language(CUDA)
    # CMake older than 3.25.2 does not know nvcc's option for C++20.
    foreach(dialect STANDARD EXTENSION)
      if(NOT DEFINED CMAKE_CUDA20_${dialect}_COMPILE_OPTION)
        set(CMAKE_CUDA20_${dialect}_COMPILE_OPTION -std=c++20)
      endif()
    endforeach()
    set(SHIFTSCOPE_CUDA_BUILT ON)
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.0)
      set(SHIFTSCOPE_CUDA_BUILT OFF)
      set(SHIFTSCOPE_CUDA_ABSENCE "nvcc ${CMAKE_CUDA_COMPILER_VERSION} is older than 12.0")
    endif()
  endif()
endif()

if(NOT SHIFTSCOPE_CUDA_BUILT)
  message(STATUS "CUDA kernels are left out: ${SHIFTSCOPE_CUDA_ABSENCE}")
  add_library(shiftscope_cuda STATIC ${SHIFTSCOPE_CUDA_FOLDER}/absent.cpp)
  target_link_libraries(shiftscope_cuda PUBLIC shiftscope_options)
  target_compile_definitions(shiftscope_cuda PRIVATE SHIFTSCOPE_CUDA_ABSENCE="${SHIFTSCOPE_CUDA_ABSENCE}")
  add_custom_target(cuda_kernels COMMAND ${CMAKE_COMMAND} -E echo
                    "skipped: CUDA kernels are left out: ${SHIFTSCOPE_CUDA_ABSENCE}" VERBATIM)
  return()
endif()

set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
# Link the runtime statically, so that the library loads on machines without CUDA.
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
set(SHIFTSCOPE_NVCC_OPTIONS $<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<NOT:$<BOOL:${MSVC}>>>:-Xcompiler=-Wall,-Wextra,-ffp-contract=off>)

add_library(shiftscope_cuda STATIC ${SHIFTSCOPE_CUDA_SOURCES} ${SHIFTSCOPE_CUDA_KERNELS})
target_link_libraries(shiftscope_cuda PUBLIC shiftscope_core)
target_compile_options(shiftscope_cuda PRIVATE ${SHIFTSCOPE_NVCC_OPTIONS})
target_include_directories(shiftscope_cuda SYSTEM PRIVATE ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})

# Always compiles the kernels anew, and prints the registers and spills of each kernel on each architecture.
set(codes)
foreach(architecture IN LISTS CMAKE_CUDA_ARCHITECTURES)
  string(REGEX MATCH "^[0-9]+" number "${architecture}")
  list(APPEND codes -gencode arch=compute_${number},code=sm_${number})
endforeach()
set(commands)
foreach(kernels IN LISTS SHIFTSCOPE_CUDA_KERNELS)
  list(APPEND commands COMMAND ${CMAKE_CUDA_COMPILER} -std=c++20 -O3 ${codes} -Xptxas -v -I ${SHIFTSCOPE_CORE} -c ${kernels}
                               -o kernels.o)
endforeach()
add_custom_target(cuda_kernels ${commands} VERBATIM)

# Headers compiled once and used by many sources: those of the standard library, and for most programs the few of our own
# that nearly all of their sources include. They save time and nothing else: a source includes what it uses, and
# tests/tidy reads what changed without them, as does a build with -DPOSTHASTE_PCH=OFF.

set(standard_headers
  <algorithm> <array> <charconv> <chrono> <cstddef> <cstdint> <cstdlib> <cstring> <deque> <expected> <functional>
  <iterator> <limits> <map> <memory> <optional> <set> <span> <string> <string_view> <system_error> <tuple>
  <type_traits> <unordered_map> <utility> <variant> <vector>)
set(system_headers
  <atomic> <condition_variable> <coroutine> <exception> <filesystem> <fstream> <mutex> <sstream> <thread>)

# posthaste_precompiled(<set> [LINKS <room or library>...] [HEADERS <header>...] [FOR <target>...])
# The standard library's headers, and HEADERS, which belong to LINKS; each target in FOR may see LINKS anyway. Without
# HEADERS it is for rooms of pure grammar, which know neither files nor threads.
function(posthaste_precompiled set)
  cmake_parse_arguments(set "" "" "LINKS;HEADERS;FOR" ${ARGN})
  if(NOT POSTHASTE_PCH)
    return()
  endif()
  set(headers ${standard_headers})
  if(set_HEADERS)
    list(APPEND headers ${system_headers})
  endif()
  list(TRANSFORM set_HEADERS REPLACE "^.+$" "<\\0>")  # as <common/net/stream.h>: no path of this machine goes into it
  set(source ${PROJECT_BINARY_DIR}/precompiled/${set}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(posthaste_${set}_headers OBJECT ${source})
  target_link_libraries(posthaste_${set}_headers PRIVATE posthaste_flags)
  foreach(library ${set_LINKS})  # what they show is used, but nothing is linked: they wait for these headers themselves
    target_include_directories(posthaste_${set}_headers PRIVATE
      $<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_definitions(posthaste_${set}_headers PRIVATE
      $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_DEFINITIONS>)
    target_compile_options(posthaste_${set}_headers PRIVATE $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_OPTIONS>)
  endforeach()
  target_precompile_headers(posthaste_${set}_headers PRIVATE ${headers} ${set_HEADERS})
  foreach(target ${set_FOR})
    set_property(GLOBAL PROPERTY posthaste_headers_of_${target} ${set})
  endforeach()
endfunction()

# posthaste_use_precompiled(<target> <set>): <set> is for a target that no set names.
function(posthaste_use_precompiled target set)
  if(NOT POSTHASTE_PCH)
    return()
  endif()
  get_property(own GLOBAL PROPERTY posthaste_headers_of_${target})
  if(own)
    set(set ${own})
  endif()
  target_precompile_headers(${target} REUSE_FROM posthaste_${set}_headers)
endfunction()

# ccache passes over all that uses a precompiled header, unless it is told that nothing depends on __TIME__ and that a
# macro defined before the header counts (ccache(1), PRECOMPILED HEADERS).
if(POSTHASTE_PCH AND CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} --get-config=sloppiness OUTPUT_VARIABLE sloppiness
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT sloppiness MATCHES "pch_defines" OR NOT sloppiness MATCHES "time_macros")
    string(REGEX REPLACE "[ ,]+" "," sloppiness "${sloppiness} pch_defines time_macros")
    string(REGEX REPLACE "^," "" sloppiness "${sloppiness}")
    set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=${sloppiness} ${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
endif()

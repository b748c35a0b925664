# Rooms are closed: a source that includes a room which its LINKS do not name is refused by the compiler.
#
# Libraries hand on where their headers are, because headers include headers: without more, imapd, which names the store,
# would see LMDB. So before a room's headers a source finds others of the same names (posthaste_door), unless its LINKS
# name the room. They lead on to the real ones, but not from a source itself, which is where __INCLUDE_LEVEL__ is 1. What
# a room's own headers include the compiler cannot tell from what others' headers do; tests/rooms reads it.

# posthaste_door(<name> <folder> <room or library>...): the other headers of a room, and its LINKS for its program's sake.
# Rooms within its folder come before it.
function(posthaste_door name folder)
  file(GLOB headers RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.h
    ${PROJECT_SOURCE_DIR}/${folder}/*/*.h)
  get_property(others GLOBAL PROPERTY posthaste_rooms)
  foreach(other ${others})
    get_property(within GLOBAL PROPERTY posthaste_folder_of_${other})
    list(FILTER headers EXCLUDE REGEX "^${within}/")
  endforeach()
  foreach(header ${headers})
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/doors/${name}/${header} CONTENT
"#if __INCLUDE_LEVEL__ < 2
#error \"${header} belongs to the room ${name}, which the LINKS of this source's room do not name\"
#endif
#include_next <${header}>
")
  endforeach()
  set_property(GLOBAL APPEND PROPERTY posthaste_rooms ${name})
  set_property(GLOBAL PROPERTY posthaste_folder_of_${name} ${folder})
  set_property(GLOBAL PROPERTY posthaste_links_of_${name} ${ARGN})
endfunction()

# posthaste_close(<target> <room or library>...): shuts the doors of all rooms so far that are not listed.
function(posthaste_close target)
  get_property(rooms GLOBAL PROPERTY posthaste_rooms)
  foreach(room ${rooms})
    if(NOT posthaste_${room} IN_LIST ARGN)
      target_compile_options(${target} PRIVATE -iquote${PROJECT_BINARY_DIR}/doors/${room})
    endif()
  endforeach()
endfunction()

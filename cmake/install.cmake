# cmake --install: programs, the service, documents.
# posthaste starts the daemons that lie beside it, so all five lie together, and a link leads an operator to it: a name such
# as smtpd belongs to other packages too.
include(GNUInstallDirs)
set(programs ${CMAKE_INSTALL_LIBEXECDIR}/posthaste)
install(TARGETS posthaste smtpd deliveryd imapd pop3d RUNTIME DESTINATION ${programs})
install(CODE "
  set(prefix \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
  file(MAKE_DIRECTORY \${prefix}/${CMAKE_INSTALL_SBINDIR})
  file(RELATIVE_PATH target \${prefix}/${CMAKE_INSTALL_SBINDIR} \${prefix}/${programs}/posthaste)
  message(STATUS \"Installing: \${prefix}/${CMAKE_INSTALL_SBINDIR}/posthaste\")
  file(CREATE_LINK \${target} \${prefix}/${CMAKE_INSTALL_SBINDIR}/posthaste SYMBOLIC)")

configure_file(${PROJECT_SOURCE_DIR}/etc/posthaste@.service.in ${PROJECT_BINARY_DIR}/posthaste@.service @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/posthaste@.service DESTINATION lib/systemd/system)

install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md")
install(FILES ${PROJECT_SOURCE_DIR}/etc/posthaste.toml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

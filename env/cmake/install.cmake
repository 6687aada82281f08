# What `cmake --install` puts where.  Headers: those that a user of the library calls; entente/entente.h has them all.
set(public_headers ansatz circuit comm config dataset device encoding engine entente exact extend fed mask memory metrics
    missing model mpi name noise qasm privacy reduce response rule shard split status version)
list(TRANSFORM public_headers PREPEND include/entente/)
list(TRANSFORM public_headers APPEND .h)
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/entente)

# The command finds the library's dependencies as the linker did; the library is found beside it, wherever the prefix goes.
install(TARGETS entente)
install(TARGETS libentente EXPORT EntenteTargets)

# find_package(Entente)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Entente)
configure_package_config_file(env/cmake/EntenteConfig.cmake.in EntenteConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(EntenteConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT EntenteTargets NAMESPACE Entente:: DESTINATION ${package_folder})
install(FILES ${CMAKE_BINARY_DIR}/EntenteConfig.cmake ${CMAKE_BINARY_DIR}/EntenteConfigVersion.cmake
        DESTINATION ${package_folder})

# pkg-config entente; its folders are relative to the file, so that the prefix may be moved
file(RELATIVE_PATH to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(env/cmake/entente.pc.in entente.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/entente.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY jobs env DESTINATION ${CMAKE_INSTALL_DATADIR}/entente USE_SOURCE_PERMISSIONS
        PATTERN cmake EXCLUDE PATTERN completion EXCLUDE PATTERN python EXCLUDE PATTERN __pycache__ EXCLUDE)

# Completion, and manual pages made from --help if help2man is installed
install(FILES env/completion/entente.bash RENAME entente DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES env/completion/_entente DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
find_program(HELP2MAN help2man)
if(HELP2MAN)
  set(pages)
  foreach(command "" audit circuit config train eval import inspect merge plan plateaus privacy report scaling selftest
                  simulate spectrum study sweep synth)
    set(page ${CMAKE_BINARY_DIR}/man/entente.1)
    if(command)
      set(page ${CMAKE_BINARY_DIR}/man/entente-${command}.1)
    endif()
    add_custom_command(OUTPUT ${page} DEPENDS entente VERBATIM
                       COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
                       COMMAND ${HELP2MAN} --no-info --section=1 --version-string=${PROJECT_VERSION}
                               --manual=Entente "--name=${PROJECT_DESCRIPTION}" --output=${page}
                               "$<TARGET_FILE:entente> ${command}")
    list(APPEND pages ${page})
  endforeach()
  add_custom_target(man DEPENDS ${pages})
  install(CODE "execute_process(COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --target man OUTPUT_QUIET
                                COMMAND_ERROR_IS_FATAL ANY)")
  install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN *.1)
endif()
install(FILES env/python/entente.py DESTINATION ${CMAKE_INSTALL_DATADIR}/entente/python)

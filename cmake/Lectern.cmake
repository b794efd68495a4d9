# How every target of Lectern is compiled, and short forms for the kinds of target that there are.

include(CheckCCompilerFlag)
include(CheckCSourceCompiles)

add_library(lectern_flags INTERFACE)
target_compile_definitions(lectern_flags INTERFACE _GNU_SOURCE)

set(warnings all extra pedantic shadow conversion sign-conversion double-promotion format=2
    strict-prototypes missing-prototypes old-style-definition pointer-arith cast-qual cast-align
    write-strings undef vla switch-enum implicit-fallthrough null-dereference redundant-decls error)
list(TRANSFORM warnings PREPEND -W)
list(JOIN warnings " " CMAKE_REQUIRED_FLAGS)
check_c_source_compiles("int main(void) { return 0; }" HAVE_ALL_WARNINGS) # -Werror is among them; asking one by one takes seconds
unset(CMAKE_REQUIRED_FLAGS)
foreach(warning ${warnings})
    string(MAKE_C_IDENTIFIER "HAVE${warning}" probe)
    if(NOT HAVE_ALL_WARNINGS)
        check_c_compiler_flag(${warning} ${probe})
    endif()
    if(HAVE_ALL_WARNINGS OR ${probe})
        target_compile_options(lectern_flags INTERFACE ${warning})
    endif()
endforeach()
# Sentences for people are cut on purpose where a field is full; where a cut would matter, the code tests for it.
target_compile_options(lectern_flags INTERFACE -fno-common -fno-strict-aliasing)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU") # sentences are cut on purpose; clang does not know the warning
    target_compile_options(lectern_flags INTERFACE -Wno-format-truncation)
endif()

set(LECTERN_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
if(LECTERN_SANITIZE)
    set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1") # what the sanitizers' makers advise; a third less to wait for than -O2 -g
    add_compile_options(-fsanitize=${LECTERN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${LECTERN_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
    check_c_compiler_flag(-fcf-protection HAVE_CF_PROTECTION)
    if(HAVE_CF_PROTECTION)
        add_compile_options(-fcf-protection)
    endif()
    add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
    set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
endif()

if(LECTERN_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link) # else the libraries under test count no coverage
endif()

# cmocka's asserts are no guards for gcc.
add_library(lectern_test_flags INTERFACE)
target_compile_options(lectern_test_flags INTERFACE -Wno-null-dereference)

# lectern_library(NAME SOURCES... [PUBLIC dir...] [LINK lib...]): a static library of our own.
function(lectern_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;LINK" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE lectern_flags PUBLIC ${ARG_LINK})
endfunction()

# lectern_program(NAME SOURCES... LINK...): a program in bin/, installed.
function(lectern_program name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE lectern_flags ${ARG_LINK})
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# lectern_hosts_drivers(TARGET): the program can load driver modules: it has, and shows them, all functions of the
# driver interface, whether it uses them itself or not.
function(lectern_hosts_drivers target)
    set_target_properties(${target} PROPERTIES ENABLE_EXPORTS ON)
    target_link_libraries(${target} PRIVATE lecternd_line lectern_base lectern_loader)
    target_link_options(${target} PRIVATE
        -Wl,--whole-archive $<TARGET_FILE:lecternd_line> $<TARGET_FILE:lectern_base> -Wl,--no-whole-archive)
endfunction()

# lectern_driver(NAME SOURCES... [LINK lib...]): a loadable driver module; the folder's name is the driver's.
function(lectern_driver name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_library(driver_${name} MODULE ${ARG_SOURCES})
    set_target_properties(driver_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} C_VISIBILITY_PRESET hidden
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/lectern/drivers)
    target_include_directories(driver_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(driver_${name} PRIVATE lectern_flags lectern_driver_api ${ARG_LINK})
    install(TARGETS driver_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/lectern/drivers)
endfunction()

# lectern_driver_code(DRIVER NAME [LINK lib...]): what the driver's module is made of as a library NAME, for tests that look inside.
function(lectern_driver_code driver name)
    cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
    lectern_library(${name}
        SOURCES $<TARGET_OBJECTS:driver_${driver}> PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} LINK lectern_driver_api ${ARG_LINK})
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
endfunction()

# What is compiled for a test, beside its flags.
function(lectern_test_uses target)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_definitions(${target} PRIVATE
        LECTERN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LECTERN_BUILD_DIR="${CMAKE_BINARY_DIR}")
    target_link_libraries(${target} PRIVATE lectern_flags lectern_test_flags ${ARGN} PkgConfig::CMOCKA)
endfunction()

# The tests that take longest, the longest first: a fresh clone has no earlier run to tell ctest which to begin with.
set(LECTERN_LONG_TESTS store_fault people runs_columns runs_broken scene_property modbus_motor calendar pjlink_points pace bus_view
    people_guess line_stream store config_hostile runs alarm_property dialogue_models bus_kept bus_call modbus_traps dialogue_hostile
    line_schedule lessons_property runs_fault)

# lectern_test(NAME SOURCES... [LINK lib...]): a cmocka program run by ctest; `ctest -L unit` runs them all. What several tests of
# a folder share (sources in tests/ that are not called _test.c) is compiled once, with what the first of them links.
function(lectern_test name)
    if(NOT LECTERN_TESTS)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    set(sources)
    foreach(source ${ARG_SOURCES})
        string(FIND ${source} ${CMAKE_SOURCE_DIR}/tests/ at)
        if(at EQUAL 0 AND NOT source MATCHES "_test\\.c$")
            get_filename_component(shared ${source} NAME_WE)
            set(shared shared_${shared})
            if(NOT TARGET ${shared})
                add_library(${shared} OBJECT EXCLUDE_FROM_ALL ${source})
                lectern_test_uses(${shared} ${ARG_LINK})
            endif()
            set(source $<TARGET_OBJECTS:${shared}>)
        endif()
        list(APPEND sources ${source})
    endforeach()
    add_executable(test_${name} ${sources})
    set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests ENABLE_EXPORTS ON)
    lectern_test_uses(test_${name} ${ARG_LINK})
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
    list(FIND LECTERN_LONG_TESTS ${name} place)
    if(place GREATER_EQUAL 0)
        math(EXPR cost "100 - ${place}")
        set_tests_properties(${name} PROPERTIES COST ${cost})
    endif()
endfunction()

# lectern_fuzzer(NAME SOURCES... [LINK lib...]): a libFuzzer target, built when LECTERN_FUZZ is on (clang only);
# its seeds are tests/data/fuzz/NAME/.
function(lectern_fuzzer name)
    if(NOT LECTERN_FUZZ)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_executable(fuzz_${name} ${ARG_SOURCES})
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz ENABLE_EXPORTS ON)
    target_include_directories(fuzz_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers fuzz_${name})
    target_link_libraries(fuzz_${name} PRIVATE lectern_flags ${ARG_LINK})
endfunction()

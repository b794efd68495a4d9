# The timetable engine: no clock, no calendar files, no devices.
lectern_test(lessons SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/lessons_test.c ${CMAKE_SOURCE_DIR}/tests/unit/lessons_stage.c
    LINK lecternd_timetable)
lectern_test(lessons_property SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/lessons_property_test.c ${CMAKE_SOURCE_DIR}/tests/unit/lessons_stage.c
    LINK lecternd_timetable)

# The reader of calendars.
lectern_test(calendar SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/calendar_test.c LINK lecternd_calendar)
lectern_fuzzer(calendar SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/calendar_fuzz.c LINK lecternd_calendar)

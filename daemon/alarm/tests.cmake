# The alarm engine's tests: no devices, no file, a clock that the test moves.
set(alarm_tests ${CMAKE_SOURCE_DIR}/tests/unit)
function(lectern_alarm_test name)
    lectern_test(alarm_${name}
        SOURCES ${alarm_tests}/alarm_${name}_test.c ${alarm_tests}/alarm_stage.c
        LINK lecternd_alarm)
endfunction()

lectern_alarm_test(engine)
lectern_alarm_test(property)

lectern_fuzzer(alarm_kept SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/alarm_kept_fuzz.c LINK lecternd_alarm)

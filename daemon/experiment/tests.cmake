# The run engine's tests: no devices, no file, a clock that the test moves.
set(experiment_tests ${CMAKE_SOURCE_DIR}/tests/unit)
function(lectern_experiment_test name)
    lectern_test(experiment_${name}
        SOURCES ${experiment_tests}/experiment_${name}_test.c ${experiment_tests}/experiment_stage.c
        LINK lecternd_experiment)
endfunction()

lectern_experiment_test(run)
lectern_experiment_test(start)
lectern_experiment_test(rate)
lectern_experiment_test(loss)
lectern_experiment_test(derive)
lectern_experiment_test(event)

lectern_fuzzer(experiment SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/experiment_fuzz.c LINK lecternd_experiment)

# The scene engine's tests: no devices, no sockets, a clock that the test moves.
set(scene_tests ${CMAKE_SOURCE_DIR}/tests/unit)
function(lectern_scene_test name)
    lectern_test(scene_${name}
        SOURCES ${scene_tests}/scene_${name}_test.c ${scene_tests}/scene_stage.c
        LINK lecternd_scene)
endfunction()

lectern_scene_test(engine)
lectern_scene_test(time)
lectern_scene_test(together)
lectern_scene_test(cancel)
lectern_scene_test(usual)
lectern_scene_test(undo)
lectern_scene_test(plan)
lectern_scene_test(keep)
lectern_scene_test(property)
lectern_scene_test(capture)
lectern_scene_test(hands)
# This one reads a real room, so it does without the stage, which has rooms of its own.
lectern_test(scene_capture_file SOURCES ${scene_tests}/scene_capture_file_test.c LINK lecternd_scene)

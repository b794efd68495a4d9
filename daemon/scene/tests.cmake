# The scene engine's tests, and the folder that "config/config.h" is found from.
target_include_directories(lecternd_scene PRIVATE ${CMAKE_SOURCE_DIR})

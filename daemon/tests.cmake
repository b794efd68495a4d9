# Tests of mailboxes, links, notices and the store.
set(unit ${CMAKE_SOURCE_DIR}/tests/unit)
lectern_test(mailbox SOURCES ${unit}/mailbox_test.c LINK lecternd_mailbox)
lectern_test(store SOURCES ${unit}/store_test.c ${unit}/store_stage.c LINK lecternd_store)
lectern_test(store_fault SOURCES ${unit}/store_fault_test.c ${unit}/store_stage.c LINK lecternd_store)
lectern_test(pace SOURCES ${unit}/pace_test.c LINK lecternd_line m)
lectern_test(link SOURCES ${unit}/link_test.c LINK lecternd_line)
lectern_test(notice SOURCES ${unit}/notice_test.c LINK lecternd_line)
lectern_test(link_serial SOURCES ${unit}/link_serial_test.c LINK lecternd_line)

/* Links over pseudo-terminals. */
#include "unit/link_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct terminal {
    int master;
    char path[64];
};

static struct terminal new_terminal(void)
{
    struct terminal t;
    int slave;
    assert_int_equal(openpty(&t.master, &slave, t.path, NULL, NULL), 0);
    close(slave);
    return t;
}

static struct lec_line pty(const char *path)
{
    return (struct lec_line){
        .name = "", .kind = LEC_LINE_PTY, .host = "", .path = path, .baud = 9600, .bits = 8, .parity = 'N', .stop = 1};
}

static struct lec_link *open_terminal(const struct lec_line *line)
{
    struct lec_link *link = NULL;
    struct lec_err err = {0};
    if (lec_link_open(line, -1, SOON, &link, &err) != 0)
        fail_msg("open: %s", err.text);
    return link;
}

static void every_byte_passes_a_pty_unchanged_both_ways(void **state)
{
    (void)state;
    struct terminal t = new_terminal();
    struct lec_line line = pty(t.path);
    line.parity = 'E'; /* a pty has no parity; Modbus rooms played by the simulator ask for it all the same */
    line.baud = 12345;
    struct lec_link *link = open_terminal(&line);
    unsigned char out[256], in[256];
    for (int i = 0; i < 256; i++)
        out[i] = (unsigned char)i;
    assert_int_equal(write(t.master, out, 256), 256);
    for (size_t got = 0; got < 256;) {
        ssize_t n = lec_link_recv(link, in + got, 256 - got, SOON, NULL);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(in, out, 256);
    assert_int_equal(lec_link_send(link, out, 256, SOON, NULL), 0);
    for (size_t got = 0; got < 256;) {
        ssize_t n = read(t.master, in + got, 256 - got);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(in, out, 256);
    lec_link_close(&link);
    close(t.master);
}

static void a_pty_that_says_nothing_is_a_time_out_and_one_that_hangs_up_is_not(void **state)
{
    (void)state;
    struct terminal t = new_terminal();
    struct lec_line line = pty(t.path);
    struct lec_link *link = open_terminal(&line);
    char byte;
    struct lec_err err;
    assert_int_equal(lec_link_recv(link, &byte, 1, lec_now() + 30 * LEC_MS, &err), LEC_E_TIMEOUT);
    assert_int_equal(lec_link_recv(link, &byte, 1, 0, &err), LEC_E_TIMEOUT);
    assert_int_equal(lec_link_flush(link), 0);
    close(t.master);
    assert_int_equal(lec_link_recv(link, &byte, 1, SOON, &err), LEC_E_LINK);
    check_text(&err, "hung up");
    check_text(&err, t.path);
    assert_int_equal(lec_link_recv(link, &byte, 1, 0, &err), LEC_E_LINK);
    assert_int_equal(lec_link_send(link, "x", 1, SOON, &err), LEC_E_LINK);
    check_text(&err, "hung up");
    lec_link_close(&link);
}

static void a_pty_that_takes_no_bytes_is_a_time_out_and_closes_at_once(void **state)
{
    (void)state;
    struct terminal t = new_terminal();
    struct lec_line line = pty(t.path);
    struct lec_link *link = open_terminal(&line);
    static char data[1 << 20];
    assert_int_equal(lec_link_send(link, data, sizeof data, lec_now() + 50 * LEC_MS, NULL), LEC_E_TIMEOUT);
    lec_link_close(&link); /* to wait until all is sent would take for ever: the other side is open, and never reads */
    close(t.master);
}

static void a_second_opener_in_this_program_is_told_so(void **state)
{
    (void)state;
    struct terminal t = new_terminal();
    struct lec_line line = pty(t.path);
    struct lec_link *link = open_terminal(&line), *other = NULL;
    struct lec_err err;
    assert_int_equal(lec_link_open(&line, -1, SOON, &other, &err), LEC_E_LINK);
    check_text(&err, t.path);
    check_text(&err, "this program itself");
    lec_link_close(&link);
    link = open_terminal(&line); /* and it is free again afterwards */
    lec_link_close(&link);
    close(t.master);
}

static void a_port_that_another_process_has_names_the_process(void **state)
{
    (void)state;
    struct terminal t = new_terminal();
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = open(t.path, O_RDWR | O_NOCTTY);
        if (fd < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char byte, want[64];
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct lec_line line = pty(t.path);
    struct lec_link *link = NULL;
    struct lec_err err;
    int rc = lec_link_open(&line, -1, SOON, &link, &err);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(rc, LEC_E_LINK);
    snprintf(want, sizeof want, "test_link_pty, process %d", (int)pid);
    check_text(&err, want);
    link = open_terminal(&line);
    lec_link_close(&link);
    close(ready[0]);
    close(ready[1]);
    close(t.master);
}

static void a_port_that_comes_back_under_another_number_is_found_by_its_symlink(void **state)
{
    (void)state;
    char folder[] = "/tmp/lectern-link-XXXXXX", path[64], data[4];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/by-id", folder);
    struct terminal first = new_terminal(), second = new_terminal();
    struct lec_line line = pty(path);
    line.kind = LEC_LINE_SERIAL; /* what the room file says; it leads to a pty all the same */
    struct lec_err err;
    struct lec_link *link = NULL;
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    check_text(&err, "there is no port");
    check_text(&err, path);
    assert_int_equal(symlink(first.path, path), 0);
    link = open_terminal(&line);
    close(first.master);
    assert_int_equal(lec_link_recv(link, data, 1, SOON, &err), LEC_E_LINK);
    check_text(&err, path);
    lec_link_close(&link);
    unlink(path);
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    assert_int_equal(symlink(second.path, path), 0);
    link = open_terminal(&line);
    assert_int_equal(write(second.master, "new", 3), 3);
    assert_int_equal(lec_link_recv(link, data, 4, SOON, NULL), 3);
    lec_link_close(&link);
    close(second.master);
    unlink(path);
    rmdir(folder);
}

static void a_file_that_is_no_port_is_refused(void **state)
{
    (void)state;
    struct lec_line line = pty("/dev/null");
    struct lec_link *link = NULL;
    struct lec_err err;
    assert_int_equal(lec_link_open(&line, -1, SOON, &link, &err), LEC_E_LINK);
    check_text(&err, "/dev/null is not a serial port");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_passes_a_pty_unchanged_both_ways),
        cmocka_unit_test(a_pty_that_says_nothing_is_a_time_out_and_one_that_hangs_up_is_not),
        cmocka_unit_test(a_pty_that_takes_no_bytes_is_a_time_out_and_closes_at_once),
        cmocka_unit_test(a_second_opener_in_this_program_is_told_so),
        cmocka_unit_test(a_port_that_another_process_has_names_the_process),
        cmocka_unit_test(a_port_that_comes_back_under_another_number_is_found_by_its_symlink),
        cmocka_unit_test(a_file_that_is_no_port_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

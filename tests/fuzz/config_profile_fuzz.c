/* Profiles, and the same text as a class. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/config_stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lec_sources sources = {.profiles = LECTERN_SOURCE_DIR "/tests/data/config/profiles",
                                        .schema = stage_schema};
    char path[32];
    struct lec_report report;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    lec_report_init(&report);
    if ((lec_profile_check(path, &sources, &report) == 0) != (report.errors == 0))
        abort();
    lec_report_done(&report);
    if ((lec_class_check(path, &sources, &report) == 0) != (report.errors == 0))
        abort();
    lec_report_done(&report);
    (void)lec_file_kind(path);
    close(fd);
    return 0;
}

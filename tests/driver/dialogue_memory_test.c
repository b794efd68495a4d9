/* Preparing profiles while each allocation in turn fails: told as lack of memory, nothing lost, nothing used that is not
 * there (the sanitizers judge). */
#include "driver/dialogue_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "dialogue.h"

static size_t allowed = SIZE_MAX; /* allocations that still succeed; then one fails, or all */
static bool only_one;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    if (allowed == 0) {
        allowed = only_one ? SIZE_MAX : 0;
        return NULL;
    }
    allowed -= allowed != SIZE_MAX;
    return __real_calloc(n, size);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const names[] = {"epson/eb-x49", "samsung/qm", "panasonic/pt-vmz", "hitachi/cp", "sony/srg-x"};
    static struct dlg d;
    for (size_t i = 0; i < 2 * ARRAY_LEN(names); i++) {
        only_one = i % 2;
        lec_bench_begin(&b, &lec_driver_entry, &(struct lec_bench_setup){.profile = names[i / 2]});
        size_t n = 0;
        for (int rc = LEC_E_NOMEM; rc != 0; n++) {
            memset(&d, 0, sizeof d);
            allowed = n;
            rc = dlg_prepare(b.device, &d, NULL);
            allowed = SIZE_MAX;
            dlg_release(&d);
            if (rc != 0 && rc != LEC_E_NOMEM)
                fail_msg("%s, allocation %zu: %d", names[i / 2], n, rc);
        }
        assert_true(n > 30); /* it did allocate, and did fail on the way */
        lec_bench_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_allocation_may_fail, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

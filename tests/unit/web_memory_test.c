/* Giving back what was needed a moment ago (web/memory.c): less is resident then, and everything is as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "memory.h"

static long resident(void)
{
    long size, pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &size, &pages), 2);
    fclose(f);
    return pages;
}

static void digest(unsigned char out[32])
{
    unsigned n = 0;
    assert_int_equal(EVP_Digest("bảng tương tác", 19, out, &n, EVP_sha256(), NULL), 1);
    assert_int_equal(n, 32);
}

static void less_is_resident_and_everything_is_as_it_was(void **state)
{
    (void)state;
    unsigned char first[32], second[32];
    char *kept = strdup("what is on the heap stays");
    digest(first); /* code and tables of a large library, and what linking read of it */
    long before = resident();
    memory_give_back();
    assert_true(resident() < before);
    digest(second);
    assert_memory_equal(first, second, sizeof first);
    assert_string_equal(kept, "what is on the heap stays");
    free(kept);
    memory_give_back(); /* and again */
    digest(second);
    assert_memory_equal(first, second, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(less_is_resident_and_everything_is_as_it_was)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

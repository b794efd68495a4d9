/* Whatever a profile says to this driver: it is prepared or refused, and nothing is read or kept that should not be (the
 * sanitizers judge). */
#include <stdint.h>
#include <string.h>

#include "dialogue.h"
#include "driver/bench.h"

static const char head[] = "[device]\nclass = projector\ndriver = dialogue\nsource = test\n[driver]\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[sizeof head + 4096];
    char mistakes[8192];
    if (size > 4096 || memchr(data, 0, size))
        return 0;
    memcpy(text, head, sizeof head - 1);
    memcpy(text + sizeof head - 1, data, size);
    text[sizeof head - 1 + size] = '\0';
    lec_bench_mistakes(&lec_driver_entry, &(struct lec_bench_setup){.profile_text = text}, mistakes, sizeof mistakes);
    return 0;
}

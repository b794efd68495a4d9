/* Texts that models take from traits. */
#include <string.h>

#include "lectern/parse.h"
#include "models/models.h"

void sim_trait_text(const struct sim_device *d, const char *trait, char out[SIM_TEXT], const char *fallback)
{
    if (!sim_trait(d, trait, out))
        lec_copy_utf8(out, SIM_TEXT, fallback, strlen(fallback));
    for (char *p = out; *p; p++)
        if (*p == '_')
            *p = ' ';
}

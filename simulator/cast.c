#include "cast.h"

#include <fnmatch.h>
#include <string.h>

#include "faces/faces.h"
#include "map.h"
#include "models/models.h"

/* Facts of a model that its face cannot guess come from the fact sheets and the makers' lists of inputs. */
static const struct sim_cast cast[] = {
    /* PJLink. The code is the PJLink input code. */
    {"epson/*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=18s cool=12s class=2 maker=EPSON inputs=11:computer1,12:computer2,31:hdmi1,32:hdmi2,52:lan lamps=1"},
    {"*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=25s cool=20s class=2 "
     "inputs=11:computer1,12:computer2,21:video,22:svideo,31:hdmi1,32:hdmi2,33:dvi,41:usb,51:lan,52:wireless"},

    {"epson/*", "projector", NULL, &sim_face_escvp21, &sim_model_projector, NULL,
     "warm=30s cool=15s maker=EPSON inputs=11:computer1,21:computer2,30:hdmi1,A0:hdmi2,41:video,52:usb,53:lan"},
};

static bool fits(const struct sim_cast *c, const struct lec_device *desc)
{
    return fnmatch(c->profile, desc->profile, 0) == 0 &&
           (!c->class_name || strcmp(c->class_name, desc->class_name) == 0) &&
           (!c->driver || strcmp(c->driver, desc->driver) == 0);
}

const struct sim_cast *sim_cast_for(const struct lec_device *desc, const struct sim_map *maps)
{
    for (size_t i = 0; i < ARRAY_LEN(cast); i++)
        if (fits(&cast[i], desc))
            return &cast[i];
    for (; maps; maps = maps->next)
        for (size_t i = 0; i < maps->n_plays; i++)
            if (fits(&maps->cast[i], desc))
                return &maps->cast[i];
    return NULL;
}

#include "cast.h"

#include <fnmatch.h>
#include <string.h>

#include "faces/faces.h"
#include "map.h"
#include "models/models.h"

/* Facts of a model that its face cannot guess come from the fact sheets and the makers' lists of inputs: codes are those
 * of the protocol, names those that the truth is told in. Modbus devices are not here but in maps/. */
static const struct sim_cast cast[] = {
    {"epson/*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=18s cool=12s class=2 maker=EPSON mute=both lamps=1 inputs=11:computer1,12:computer2,21:video,32:hdmi1,33:hdmi2,"
     "41:usb,52:lan,53:usb-display,57:mirroring1,58:mirroring2"},
    {"panasonic/*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=15s cool=20s class=2 maker=Panasonic inputs=11:computer1,12:computer2,21:video,31:hdmi1,32:hdmi2,"
     "33:digital-link,41:memory,51:network"},
    {"hitachi/*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=40s cool=60s class=1 maker=HITACHI inputs=11:computer1,12:computer2,21:component,22:s-video,23:video,31:hdmi1,"
     "32:hdmi2,41:usb-a,51:lan,52:usb-b"},
    {"optoma/*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=25s cool=20s class=2 maker=Optoma mute=both inputs=11:vga1,12:vga2,21:video,31:hdmi1,32:hdmi2"},
    {"*-1", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=25s cool=20s class=1 inputs=11:computer1,12:computer2,21:video,22:svideo,31:hdmi1,32:hdmi2,33:dvi"},
    {"*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=25s cool=20s class=2 "
     "inputs=11:computer1,12:computer2,21:video,22:svideo,31:hdmi1,32:hdmi2,33:dvi,41:usb,51:lan,52:wireless"},

    {"epson/*", "projector", NULL, &sim_face_escvp21, &sim_model_projector, NULL,
     "warm=30s cool=15s maker=EPSON inputs=11:computer1,21:computer2,30:hdmi1,A0:hdmi2,41:video,52:usb,53:lan"},

    {"smart/*", NULL, NULL, &sim_face_smart, &sim_model_panel, NULL,
     "boot=12s maker=SMART states=on,ready "
     "inputs=HDMI1:hdmi1,HDMI2:hdmi2,HDMI3:hdmi3,OPS:ops,OPSCC:opscc,VGA:vga,ANDROID:android"},
    {"samsung/*", NULL, NULL, &sim_face_mdc, &sim_model_panel, NULL,
     "boot=6s maker=Samsung inputs=14:vga,18:dvi,21:hdmi1,23:hdmi2,31:hdmi3,33:hdmi4,25:dp1,26:dp2,27:dp3,50:ops,"
     "55:hdbaset,60:magicinfo,61:mirroring,65:browser"},

    {"biamp/*", NULL, NULL, &sim_face_tesira, &sim_model_mixer, NULL, "maker=Biamp"},
    {"*", "camera", NULL, &sim_face_visca, &sim_model_camera, NULL, "boot=8s"},
    {"lcus/lcus-1", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=1"},
    {"lcus/lcus-2", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=2"},
    {"lcus/lcus-8", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=8"},
    {"lcus/*", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=4"},
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

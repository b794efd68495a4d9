#include "cast.h"

#include <fnmatch.h>
#include <string.h>

#include "faces/faces.h"
#include "map.h"
#include "models/board.h"
#include "models/go.h"
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
     "warm=25s cool=20s class=1 lamps=2 inputs=11:computer1,12:computer2,21:video,22:svideo,31:hdmi1,32:hdmi2,33:dvi"},
    {"*", NULL, "pjlink", &sim_face_pjlink, &sim_model_projector, NULL,
     "warm=25s cool=20s class=2 lamps=2 "
     "inputs=11:computer1,12:computer2,21:video,22:svideo,31:hdmi1,32:hdmi2,33:dvi,41:usb,51:lan,52:wireless"},

    {"epson/*", "projector", NULL, &sim_face_escvp21, &sim_model_projector, NULL,
     "warm=30s cool=15s maker=EPSON inputs=11:computer1,21:computer2,30:hdmi1,A0:hdmi2,41:video,52:usb,53:lan"},

    {"smart/*", NULL, NULL, &sim_face_smart, &sim_model_panel, NULL,
     "boot=12s maker=SMART states=on,ready "
     "inputs=HDMI1:hdmi1,HDMI2:hdmi2,HDMI3:hdmi3,OPS:ops,OPSCC:ops-computer,VGA:vga,ANDROID:android"},
    {"samsung/*", NULL, NULL, &sim_face_mdc, &sim_model_panel, NULL,
     "boot=6s maker=Samsung inputs=08:component,0C:av,40:tv,14:vga,18:dvi,21:hdmi1,23:hdmi2,31:hdmi3,33:hdmi4,25:displayport1,26:displayport2,27:displayport3,50:ops,"
     "55:hdbaset,60:magicinfo,61:mirroring,65:browser"},

    {"biamp/*", NULL, NULL, &sim_face_tesira, &sim_model_mixer, NULL, "maker=Biamp"},
    {"*", "camera", NULL, &sim_face_visca, &sim_model_camera, NULL, "boot=8s"},
    {"benq/*", "projector", NULL, &sim_face_benq, &sim_model_projector, NULL,
     "warm=25s cool=25s maker=BenQ inputs=hdmi:hdmi1,hdmi2:hdmi2,hdmi3:hdmi3,rgb:computer1,rgb2:computer2,ypbr:component,"
     "dvid:dvi,vid:video,network:network,usbdisplay:usb,hdbaset:hdbaset,dp:displayport,sdi:sdi"},
    {"optoma/*", "projector", NULL, &sim_face_optoma, &sim_model_projector, NULL,
     "warm=20s cool=15s maker=Optoma "
     "inputs=1:hdmi1,15:hdmi2,16:hdmi3,2:dvi,5:vga1,6:vga2,9:svideo,10:video,11:wireless,20:displayport,21:hdbaset,22:sdi "
     "outputs=0:none,1:dvi,2:vga1,3:vga2,7:hdmi1,8:hdmi2,15:displayport,16:hdbaset"},
    {"nec/*", "projector", NULL, &sim_face_nec_projector, &sim_model_projector, NULL,
     "warm=25s cool=30s maker=NEC inputs=01:computer1,02:computer2,06:video,A1:hdmi1,A2:hdmi2,A6:displayport,"
     "BF:hdbaset,1F:usb,20:lan"},
    {"panasonic/*", "projector", NULL, &sim_face_panasonic, &sim_model_projector, NULL,
     "warm=20s cool=15s maker=Panasonic inputs=HD1:hdmi1,HD2:hdmi2,RG1:computer1,RG2:computer2,VID:video,SVD:svideo,"
     "DVI:dvi,DL1:digital-link,SD1:sdi,DP1:displayport,MC1:memory"},
    {"sony/*adcp*", "projector", NULL, &sim_face_adcp, &sim_model_projector, NULL,
     "warm=25s cool=20s maker=Sony inputs=hdmi1:hdmi1,hdmi2:hdmi2,rgb1:computer1,dvi1:dvi,hdbaset1:hdbaset,network1:network"},
    {"sony/*", "projector", NULL, &sim_face_sony, &sim_model_projector, NULL,
     "warm=25s cool=20s maker=Sony inputs=02:computer1,03:computer2,04:hdmi1,05:hdmi2,06:usb,07:network"},
    {"viewsonic/*", "projector", NULL, &sim_face_viewsonic, &sim_model_projector, NULL,
     "warm=20s cool=15s maker=ViewSonic inputs=00:vga1,03:hdmi1,05:composite,06:svideo,07:hdmi2,08:vga2,09:hdmi3,0A:dvi,"
     "0B:component,0C:hdbaset,0E:hdmi4,0F:usbc,1A:usb"},
    {"acer/*", "projector", NULL, &sim_face_acer, &sim_model_projector, NULL,
     "warm=20s cool=15s maker=Acer inputs=0:none,1:computer,8:hdmi input=computer"},
    {"hitachi/*", "projector", NULL, &sim_face_hitachi, &sim_model_projector, NULL,
     "warm=20s cool=20s maker=Hitachi inputs=00:computer1,03:hdmi1,04:computer2,0D:hdmi2"},

    {"viewsonic/*", "board", NULL, &sim_face_viewboard, &sim_model_panel, NULL,
     "boot=10s maker=ViewSonic inputs=000:tv,001:av,003:ypbpr,004:hdmi1,014:hdmi2,024:hdmi3,034:hdmi4,006:vga1,007:ops,"
     "00A:android,009:displayport1,019:usbc"},
    {"newline/*", NULL, NULL, &sim_face_newline, &sim_model_panel, NULL,
     "boot=10s maker=Newline inputs=0152:hdmi1,0153:hdmi2,0154:hdmi3,0155:hdmi4,010A:hdmi-front,0156:displayport,"
     "0151:usbc,0138:ops"},
    {"promethean/*", NULL, NULL, &sim_face_promethean, &sim_model_panel, NULL,
     "boot=10s maker=Promethean inputs=08:vga,09:hdmi1,0A:hdmi2,12:ops,13:hdmi3,14:hdmi4"},
    {"lg/*", NULL, NULL, &sim_face_lg, &sim_model_panel, NULL,
     "boot=8s maker=LG inputs=20:av,40:component,60:rgb,70:dvi,90:hdmi1,91:hdmi2,92:hdmi3,C0:displayport,E0:app"},
    {"nec/*", "display", NULL, &sim_face_nec_display, &sim_model_panel, NULL,
     "boot=8s maker=NEC inputs=1:vga,2:rgb,3:dvi,5:video,7:svideo,0C:component,0D:ops,0F:displayport1,10:displayport2,"
     "11:hdmi1,12:hdmi2,80:displayport3,82:hdmi3"},
    {"sharp/*", NULL, NULL, &sim_face_sharp, &sim_model_panel, NULL,
     "boot=6s maker=Sharp inputs=1:dvi,2:vga,3:component,10:hdmi1,13:hdmi2,14:displayport,16:vga2,18:hdmi3"},
    {"philips/*", NULL, NULL, &sim_face_sicp, &sim_model_panel, NULL,
     "boot=8s maker=Philips inputs=0D:hdmi1,06:hdmi2,0F:hdmi3,19:hdmi4,05:vga,0A:displayport,0B:ops"},

    {"extron/*", NULL, NULL, &sim_face_extron, &sim_model_mixer, NULL,
     "maker=Extron inputs=1:input1,2:input2,3:input3,4:input4,5:input5,6:input6,7:input7,8:input8 input=input1"},
    {"shure/*", NULL, NULL, &sim_face_shure, &sim_model_mixer, NULL, "maker=Shure"},
    {"yamaha/*", NULL, NULL, &sim_face_yamaha, &sim_model_mixer, NULL, "maker=Yamaha"},
    {"screentechnics/*", NULL, NULL, &sim_face_screentech, &sim_model_screen, NULL, "travel=15s"},
    {"atlas/ezo-ph*", NULL, NULL, &sim_face_ezo, &sim_model_sensor, NULL, ""},

    {"vernier/go-temp*", NULL, NULL, &sim_face_go, &sim_model_go, NULL, "kind=temp"},
    {"vernier/go-link*", NULL, NULL, &sim_face_go, &sim_model_go, NULL, "kind=link"},
    {"vernier/go-motion*", NULL, NULL, &sim_face_go, &sim_model_go, NULL, "kind=motion"},

    {"arduino/line-stream*", NULL, NULL, &sim_face_stream, &sim_model_board, NULL,
     "form=csv number=yes rate=100 columns=temperature:temperature:cooling,voltage:voltage:capacitor,"
     "distance:distance:pendulum,force:force:pendulum"},
    {"microbit/plotter*", NULL, NULL, &sim_face_stream, &sim_model_board, NULL,
     "form=names rate=10 columns=temp:temperature:cooling,light:light:wave,x:x:wave"},
    {"generic/json-lines*", NULL, NULL, &sim_face_stream, &sim_model_board, NULL,
     "form=json number=yes rate=2 columns=temp:temperature:cooling,hum:humidity:wave"},
    {"generic/nmea-stream*", NULL, NULL, &sim_face_stream, &sim_model_board, NULL,
     "form=nmea rate=20 columns=temperature:temperature:cooling"},
    /* a board that somebody describes by himself: numbered lines of four values, whatever they are called */
    {"*", NULL, "stream", &sim_face_stream, &sim_model_board, NULL,
     "form=csv number=yes rate=100 columns=a:temperature:cooling,b:voltage:capacitor,c:distance:pendulum,"
     "d:force:pendulum"},

    {"lcus/lcus-1", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=1"},
    {"lcus/lcus-2", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=2"},
    {"lcus/lcus-8", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=8"},
    {"lcus/*", NULL, NULL, &sim_face_lcus, &sim_model_relays, NULL, "relays=4"},
    {"kmtronic/*", NULL, NULL, &sim_face_kmtronic, &sim_model_relays, NULL, ""},
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

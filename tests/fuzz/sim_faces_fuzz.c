/* Fuzz: whatever a controller sends, no protocol of the simulator may read or write where it should not, and each byte must
 * be used up or waited with, never stared at. The first byte chooses the protocol, the second the kind of line; 0x1D parts
 * what comes at once from what comes later. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faces/faces.h"
#include "map.h"
#include "models/go.h"
#include "models/models.h"
#include "unit/sim_stage.h"

static const struct {
    const struct sim_face *face;
    const struct sim_model *model;
} faces[] = {
    {&sim_face_pjlink, &sim_model_projector},
    {&sim_face_escvp21, &sim_model_projector},
    {&sim_face_modbus, &sim_model_relays},
    {&sim_face_smart, &sim_model_panel},
    {&sim_face_mdc, &sim_model_panel},
    {&sim_face_tesira, &sim_model_mixer},
    {&sim_face_visca, &sim_model_camera},
    {&sim_face_lcus, &sim_model_relays},
    {&sim_face_benq, &sim_model_projector},
    {&sim_face_optoma, &sim_model_projector},
    {&sim_face_panasonic, &sim_model_projector},
    {&sim_face_adcp, &sim_model_projector},
    {&sim_face_lg, &sim_model_panel},
    {&sim_face_sharp, &sim_model_panel},
    {&sim_face_extron, &sim_model_mixer},
    {&sim_face_shure, &sim_model_mixer},
    {&sim_face_yamaha, &sim_model_mixer},
    {&sim_face_acer, &sim_model_projector},
    {&sim_face_viewboard, &sim_model_panel},
    {&sim_face_screentech, &sim_model_screen},
    {&sim_face_ezo, &sim_model_sensor},
    {&sim_face_nec_projector, &sim_model_projector},
    {&sim_face_nec_display, &sim_model_panel},
    {&sim_face_sony, &sim_model_projector},
    {&sim_face_viewsonic, &sim_model_projector},
    {&sim_face_hitachi, &sim_model_projector},
    {&sim_face_sicp, &sim_model_panel},
    {&sim_face_newline, &sim_model_panel},
    {&sim_face_promethean, &sim_model_panel},
    {&sim_face_kmtronic, &sim_model_relays},
    {&sim_face_go, &sim_model_go},
};

static const struct sim_map *relay_map(void)
{
    static struct sim_map *maps;
    struct lec_err err;
    if (!maps && sim_maps_load(LECTERN_SOURCE_DIR "/simulator/maps", &maps, &err) < 0)
        abort();
    const struct sim_map *m = maps;
    while (m && strcmp(m->name, "waveshare-relay-8ch") != 0)
        m = m->next;
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sim_stage s;
    uint8_t out[8192];
    if (size < 2 || size > 6000)
        return 0;
    size_t which = data[0] % ARRAY_LEN(faces);
    stage_open(&s, data[1] & 1);
    s.sim.opt.pacing = data[1] & 2;
    (void)stage_add(&s, "device", 1, faces[which].face, faces[which].model, relay_map(),
                    "warm=1s cool=1s boot=1s inputs=1:hdmi1,02:hdmi2,A0:dvi outputs=7:hdmi1");
    stage_connect(&s, data[1] & 4 ? "password" : NULL);
    if (data[1] & 8) /* it is on already, so that more can be asked */
        (void)sim_set(&s.devices[0], "power", faces[which].model == &sim_model_mixer ? lec_bool(true) : lec_enum("on"));
    stage_pass(&s, 2 * LEC_SEC);
    for (size_t i = 2; i < size && s.line.conns;) {
        const uint8_t *end = memchr(data + i, 0x1D, size - i);
        size_t n = end ? (size_t)(end - data) - i : size - i;
        (void)stage_ask(&s, data + i, n, out, sizeof out);
        stage_pass(&s, 600 * LEC_MS);
        i += n + 1;
    }
    stage_close(&s);
    return 0;
}

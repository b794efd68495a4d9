/* How things behave. Each model's state is plain data that faces look at through sim_view; changes go through sim_set.
 *
 * Threads: the loop's. */
#ifndef SIM_MODELS_H
#define SIM_MODELS_H

#include "sim.h"

/* A text from a trait, else `fallback`; an underscore stands for a space, since traits are words. */
void sim_trait_text(const struct sim_device *d, const char *trait, char out[SIM_TEXT], const char *fallback);

/* ---- Projector: warms up, cools down, refuses meanwhile. Traits: warm, cool (durations), inputs (code:name list),
 * input (at start), hours, filter, lamps, name, maker, product, serial, version, cool_on (busy, queue). ---------- */

enum sim_projector_power { SIM_OFF, SIM_WARMING, SIM_ON, SIM_COOLING };
enum sim_error_level { SIM_OK, SIM_WARNING, SIM_ERROR };

struct sim_projector {
    int power;
    int64_t until; /* model time at which warming or cooling ends */
    int64_t seen;  /* up to when hours are counted */
    bool again;    /* switched on while cooling: starts when cold */
    char input[SIM_TEXT];
    bool picture_mute, audio_mute, freeze;
    int volume;
    double lamp_hours, filter_hours;
    int error_fan, error_lamp, error_temperature, error_cover, error_filter, error_other;
    char signal[SIM_TEXT];
    char name[SIM_TEXT], maker[SIM_TEXT], product[SIM_TEXT], serial[SIM_TEXT], version[SIM_TEXT];
};
extern const struct sim_model sim_model_projector;

/* ---- Panel: interactive boards and displays; on after a boot time. Traits: boot, inputs, input, name, maker,
 * product, serial, version. ---------------------------------------------------------------------------------------- */

enum sim_panel_power { SIM_PANEL_OFF, SIM_PANEL_STANDBY, SIM_PANEL_BOOTING, SIM_PANEL_ON };

struct sim_panel {
    int power;
    int64_t until;
    char input[SIM_TEXT];
    int volume, brightness, contrast;
    bool audio_mute, picture_mute, freeze, lock;
    double hours;
    int64_t seen;
    double temperature;
    int error_temperature, error_fan, error_other;
    char name[SIM_TEXT], maker[SIM_TEXT], product[SIM_TEXT], serial[SIM_TEXT], version[SIM_TEXT];
};
extern const struct sim_model sim_model_panel;

/* ---- Motor screen: two relays, a travel time, two end switches. Both relays at once jam it until both are released.
 * Traits: travel, place (0 up .. 1 down, at start). ------------------------------------------------------------------ */

struct sim_screen {
    double place; /* 0 up .. 1 down */
    bool motor_up, motor_down;
    bool at_up, at_down; /* the end switches */
    bool jammed;
    int jams, reversals; /* how often both at once; how often reversed without half a second's rest */
    int position;        /* enum sim_screen_position */
    int direction, last_direction;
    int64_t seen, stopped_at;
};
enum sim_screen_position { SIM_SCREEN_UP, SIM_SCREEN_DOWN, SIM_SCREEN_MOVING, SIM_SCREEN_STOPPED };
extern const struct sim_model sim_model_screen;

/* ---- Lights, relays, mixer, camera ------------------------------------------------------------------------------ */

struct sim_lights {
    bool front, rear, board;
};
extern const struct sim_model sim_model_lights;
double sim_lights_lux(const void *state);

#define SIM_RELAYS 8
struct sim_relays {
    bool relay[SIM_RELAYS], input[SIM_RELAYS];
};
extern const struct sim_model sim_model_relays;

struct sim_mixer {
    bool power;
    double level, mic_level; /* dB */
    bool audio_mute, mic_mute;
    int volume; /* 0..100, the same as level on another scale */
    int preset;
    char input[SIM_TEXT];
    char name[SIM_TEXT], maker[SIM_TEXT], product[SIM_TEXT], serial[SIM_TEXT], version[SIM_TEXT];
};
extern const struct sim_model sim_model_mixer;

#define SIM_CAMERA_PRESETS 128
struct sim_camera {
    int power; /* enum sim_projector_power: SIM_OFF, SIM_WARMING (starting), SIM_ON */
    int64_t until;
    double pan, tilt, zoom; /* where it is */
    double kept[SIM_CAMERA_PRESETS][3];
    double pan_goal, tilt_goal, zoom_goal;
    double pan_speed, tilt_speed, zoom_speed; /* units a second; sign while driven without a goal */
    bool driven, zoom_driven;
    bool focus_auto, moving;
    int preset; /* the last one recalled */
    int64_t seen;
};
extern const struct sim_model sim_model_camera;
/* Moves and presets, which are not fields. Each returns as sim_set. */
int sim_camera_go(struct sim_device *d, double pan, double tilt, double speed);
int sim_camera_drive(struct sim_device *d, double pan_speed, double tilt_speed);
int sim_camera_zoom(struct sim_device *d, double zoom_speed);
int sim_camera_preset(struct sim_device *d, unsigned preset, bool store);

/* ---- Sensor and meter: the room as the device sees it, with an error of its own and noise ----------------------- */

struct sim_sensor {
    double temperature, humidity, co2, voc, illuminance, sound, pressure, pm25, pm10;
    double ph, ph_mv, conductivity, moisture, wind_speed, wind_direction, distance;
    double probe[8];
    bool presence, missing; /* missing: the probe is unplugged; codes for "no sensor" go out */
};
extern const struct sim_model sim_model_sensor;

struct sim_meter {
    double voltage, voltage2, voltage3;
    double current, current2, current3, current_sum;
    double power, power1, power2, power3, reactive, apparent, factor, frequency;
    double energy_import, energy_export;
    double energy_offset; /* counted before the last reset */
    double threshold;     /* W; alarm above */
    bool alarm;
};
extern const struct sim_model sim_model_meter;

#endif

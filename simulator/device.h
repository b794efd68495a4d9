/* What the rest of the simulator needs of device.c besides sim.h. */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

/* The device's timer: ctx is the struct sim_device. */
void sim_device_due(void *ctx);

#endif

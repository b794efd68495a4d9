/* USB devices of the simulator: they live in a test bed of umockdev, and only who has its library preloaded sees them.
 *
 * Threads: the main thread, before there are others. */
#ifndef LECTERN_TESTBED_H
#define LECTERN_TESTBED_H

/* If the line map names a test bed, runs this program again inside it, once; does not return then. Inside, and without a test
 * bed, it returns at once. What cannot be done is logged, and the USB devices stay away. */
void testbed_enter(const char *line_map, char **argv);

#endif

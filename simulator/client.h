/* The subcommands of lectern-sim: they speak to the control socket of a simulator that runs.
 *
 * Threads: any; blocks up to 5 s. */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

/* argv[1] is the subcommand. Returns the program's exit code: 0 done, 1 the simulator said no, 2 wrong usage, 3 no
 * simulator there. */
int sim_client(int argc, char **argv);
/* Whether the word is a subcommand. */
int sim_is_subcommand(const char *word);

#endif

/* What the files of `lectern user` share. */
#ifndef LECTERN_CLI_USER_H
#define LECTERN_CLI_USER_H

#include "cli.h"
#include "lectern/people.h"

/* secret.c: asks for a PIN or password, or reads it from stdin with --secret-stdin. The caller wipes it. Returns EXIT_OK, or an exit code
 * after saying why. */
int secret_read(struct cli *cli, char secret[LEC_SECRET_MAX + 1]);

/* user.c: opens the file of --file, or that of the gateway. Likewise. */
int user_open(struct cli *cli, struct lec_people **out);
/* The same without a word, for completion. */
bool user_open_quietly(struct cli *cli, struct lec_people **out);

#endif

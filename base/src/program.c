#include "lectern/program.h"

#include <pthread.h>
#include <signal.h>

const char *lec_version(void)
{
    return LECTERN_VERSION;
}

void lec_signals_block(void)
{
    sigset_t signals;
    sigfillset(&signals);
    sigdelset(&signals, SIGSEGV);
    sigdelset(&signals, SIGABRT);
    sigdelset(&signals, SIGBUS);
    sigdelset(&signals, SIGFPE);
    sigdelset(&signals, SIGILL);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

#include "lectern/program.h"

#include <signal.h>

const char *lec_version(void)
{
    return LECTERN_VERSION;
}

static void block(sigset_t *before)
{
    sigset_t signals;
    sigfillset(&signals);
    sigdelset(&signals, SIGSEGV);
    sigdelset(&signals, SIGABRT);
    sigdelset(&signals, SIGBUS);
    sigdelset(&signals, SIGFPE);
    sigdelset(&signals, SIGILL);
    pthread_sigmask(SIG_BLOCK, &signals, before);
}

void lec_signals_block(void)
{
    block(NULL);
}

int lec_thread_begin(pthread_t *out, const pthread_attr_t *attr, void *(*body)(void *), void *arg)
{
    sigset_t before;
    block(&before);
    int rc = pthread_create(out, attr, body, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

/* A view: view.c keeps it current, catch_up.c asks for what it lacks, subscribe.c has its socket, look.c answers questions
 * about it, bus.c calls it from its loop. */
#ifndef LECTERN_BUS_VIEW_H
#define LECTERN_BUS_VIEW_H

#include "internal.h"

/* A view is always in one of these. While it waits for an answer it leaves events in its socket, so that they are
 * applied after it, in order. */
enum phase {
    PHASE_ROOM,      /* waits to learn site and room, which topics need */
    PHASE_HEARTBEAT, /* subscribed; waits for the heartbeat that says so */
    PHASE_SNAPSHOT,  /* asked for state.snapshot */
    PHASE_RUN,       /* asks how a run ended that is not under way any more */
    PHASE_JOURNAL,   /* reads journal entries missed */
    PHASE_LIVE,
};

struct lec_view {
    struct lec_bus *bus;
    struct lec_view_options options;
    void *events;
    enum phase phase;
    uint64_t described; /* bus->described that the topics are made of */
    char prefix[2 * NAME_MAX_BUS + 2];
    char reason[LEC_ERR_TEXT]; /* why it is not live */
    bool told_lost;            /* LEC_CHANGE_LOST was the last of LIVE and LOST */
    uint64_t call;             /* under way; 0: none */
    size_t asked_run;          /* in PHASE_RUN: in picture.runs */
    bool fresh;                /* a snapshot was applied and not told yet */

    int64_t heard_at;           /* the last heartbeat, monotonic */
    int64_t opened_at;          /* the socket */
    int64_t snapshot_at;        /* when the last one was asked for */
    bool wanted;                /* another snapshot, as soon as the pause is over */
    char stream_boot[BOOT_MAX]; /* of the last heartbeat read: the start that events come from */
    char boot[BOOT_MAX];        /* of the snapshot */
    int64_t snapshot_seq;
    int64_t base_seq;          /* events before this are not ours: the first heartbeat's */
    int64_t seen[EVENT_KINDS]; /* the newest sequence number of each kind */
    int64_t journal;           /* number of the last entry handed on; -1: unknown yet */
    bool journal_behind;       /* entries were missed */

    struct picture picture;
    struct lec_view_stats stats;
    int callbacks; /* made in this dispatch */
};

void *lec_view_socket(struct lec_view *view);
/* Takes events and answers; calls back. Returns the number of callbacks. */
int lec_view_dispatch(struct lec_view *view);
/* When the view wants to be dispatched for the sake of time. */
int64_t lec_view_tick(const struct lec_view *view);
/* Whether it has something to do at once, given whether its socket has messages. */
bool lec_view_waiting(const struct lec_view *view, bool readable);

/* The view is not current any more; calls back once. */
void lec_view_lose(struct lec_view *view, const char *reason);
/* Calls back, and counts it. */
void lec_view_tell(struct lec_view *view, struct lec_change change);
/* News of that kind were lost that nobody can tell again. */
void lec_view_tell_gap(struct lec_view *view, enum event_kind kind);

/* catch_up.c */
/* Kinds whose events only change what the snapshot has. */
bool lec_event_in_snapshot(enum event_kind kind);
/* Each goes on by itself with what else is missing, until the view is live or lost. */
void lec_view_ask_snapshot(struct lec_view *view);
void lec_view_ask_journal(struct lec_view *view);

/* subscribe.c */
int lec_view_open_events(struct lec_view *view, struct lec_err *err);
void lec_view_close_events(struct lec_view *view);
/* Makes the socket anew, with its subscriptions. */
void lec_view_reopen_events(struct lec_view *view);
/* Site and room are known, or have changed: subscribes. */
void lec_view_learn_room(struct lec_view *view);

#endif

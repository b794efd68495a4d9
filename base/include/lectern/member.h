/* Members of JSON objects, on the writer of lectern/buf.h: the name, with a comma before it where one is needed, and the
 * value. `key` is written as it is: names of ours only, nothing that needs escaping. */
#ifndef LECTERN_MEMBER_H
#define LECTERN_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "lectern/buf.h"
#include "lectern/value.h"

void lec_member_str(struct lec_buf *b, const char *key, const char *text);
/* Writes nothing for NULL and "". */
void lec_member_str_if_any(struct lec_buf *b, const char *key, const char *text);
void lec_member_int(struct lec_buf *b, const char *key, int64_t i);
void lec_member_float(struct lec_buf *b, const char *key, double f);
void lec_member_bool(struct lec_buf *b, const char *key, bool v);
void lec_member_value(struct lec_buf *b, const char *key, const struct lec_value *v);
/* What a thing is called, in both languages: {"vi":…,"en":…}. Without a Vietnamese word its name serves, without an English
 * one what serves as the Vietnamese. */
void lec_member_words(struct lec_buf *b, const char *key, const char *vi, const char *en, const char *name);

#endif

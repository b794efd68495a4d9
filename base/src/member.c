#include "lectern/member.h"

void lec_member_str(struct lec_buf *b, const char *key, const char *text)
{
    lec_json_key(b, key);
    lec_json_str(b, text);
}

void lec_member_str_if_any(struct lec_buf *b, const char *key, const char *text)
{
    if (text && text[0] != '\0')
        lec_member_str(b, key, text);
}

void lec_member_int(struct lec_buf *b, const char *key, int64_t i)
{
    lec_json_key(b, key);
    lec_json_int(b, i);
}

void lec_member_float(struct lec_buf *b, const char *key, double f)
{
    lec_json_key(b, key);
    lec_json_float(b, f);
}

void lec_member_bool(struct lec_buf *b, const char *key, bool v)
{
    lec_json_key(b, key);
    lec_json_bool(b, v);
}

void lec_member_value(struct lec_buf *b, const char *key, const struct lec_value *v)
{
    lec_json_key(b, key);
    lec_json_value(b, v);
}

void lec_member_words(struct lec_buf *b, const char *key, const char *vi, const char *en, const char *name)
{
    const char *first = *vi ? vi : name;
    lec_json_key(b, key);
    lec_buf_puts(b, "{\"vi\":");
    lec_json_str(b, first);
    lec_member_str(b, "en", *en ? en : first);
    lec_buf_putc(b, '}');
}

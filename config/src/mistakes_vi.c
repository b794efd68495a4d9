#include "mistakes.h"

#include <string.h>

#include "lectern/err.h"

#define GAPS 6 /* of a sentence */

/* The English sentence, as this folder and the formulas of base/ write it, without the name of its key; % stands for any text. In the
 * Vietnamese one %1 is the first of them. The first row that fits counts. A sentence that is written in another way fits no row any more;
 * tests/unit/config_mistakes_test.c finds out. */
static const struct {
    const char *en, *vi;
} sentences[] = {
    /* formulas */
    {"no formula, expected one such as %", "chưa có công thức, ví dụ: %1"},
    {"character %: the formula uses no channel", "công thức chưa dùng kênh nào; hãy viết tên một kênh"},
    {"character %: % is no channel before this one and no function (%?)",
     "ký tự %1: %2 không phải là kênh đứng trước, cũng không phải là hàm (có phải là %3?)"},
    {"character %: % is no channel before this one and no function",
     "ký tự %1: %2 không phải là kênh đứng trước, cũng không phải là hàm"},
    {"character %: expected an operator; decimals are written with a point, not a comma",
     "ký tự %1: thiếu phép tính; số lẻ viết bằng dấu chấm, không viết bằng dấu phẩy"},
    {"character %: expected an operator or \")\", found %",
     "ký tự %1: thiếu phép tính hoặc dấu \")\", nhưng lại là %2"},
    {"character %: expected an operator, found %", "ký tự %1: thiếu phép tính, nhưng lại là %2"},
    {"character %: expected a number, a channel, a function or \"(\", found %",
     "ký tự %1: cần một số, một kênh, một hàm hoặc dấu \"(\", nhưng lại là %2"},
    {"character %: expected \"(\" after %", "ký tự %1: thiếu dấu \"(\" sau %2"},
    {"character %: this cannot be computed (a division by zero?)", "ký tự %1: không tính được (có chia cho 0 không?)"},
    {"character %: the formula is too long (%)", "công thức quá dài"},
    {"character %: nested too deeply (%)", "công thức có quá nhiều lớp ngoặc"},
    {"character %: integral has one argument", "ký tự %1: integral chỉ có một tham số"},
    {"character %: expected the seconds to compute the slope over, above 0 and at most 86400",
     "ký tự %1: cần số giây để tính độ dốc, lớn hơn 0 và nhiều nhất là 86400"},
    {"character %: expected the number of samples to average, odd, from % to %",
     "ký tự %1: cần số mẫu để lấy trung bình, là số lẻ từ %2 đến %3"},
    {"character %: smooth needs the number of samples: smooth(x, 9)",
     "ký tự %1: smooth cần số mẫu, ví dụ smooth(x, 9)"},
    {"character %: % is not a number", "ký tự %1: %2 không phải là số"},
    {"character %: % can only stand around the whole formula", "ký tự %1: %2 chỉ có thể bao cả công thức"},
    {"character %: % has 1 argument (decimals are written with a point)",
     "ký tự %1: %2 chỉ có một tham số (số lẻ viết bằng dấu chấm)"},
    {"character %: % has % arguments", "ký tự %1: %2 chỉ có %3 tham số"},
    {"character %: % needs % arguments", "ký tự %1: %2 cần %3 tham số"},
    {"a formula has at most % bytes", "công thức dài quá %1 byte"},
    {"it cannot be computed from itself", "không thể tính từ chính nó"},
    {"channel % stands further down, in line %; expected it above this one",
     "kênh %1 đứng ở dưới, dòng %2; hãy đưa nó lên trên"},
    /* channels */
    {"the room has no device %", "phòng không có thiết bị %1"},
    {"device % has no point %", "thiết bị %1 không có điểm đo %2"},
    {"% is %, expected a float, int or bool that is read", "%1 không đo ra số (%2)"},
    {"%, expected DEVICE.POINT such as %", "%1 không có dạng THIẾT-BỊ.ĐIỂM, ví dụ %2"},
    {"%, expected DEVICE.EVENT such as %", "%1 không có dạng THIẾT-BỊ.SỰ-KIỆN, ví dụ %2"},
    {"%, expected the name of an event: %",
     "%1 không phải là tên sự kiện: chữ thường không dấu, chữ số, dấu _ và dấu chấm"},
    {"% is more than % can do, at most % (one each %)%",
     "%1 nhanh hơn %2 có thể đo, nhiều nhất là %3; hãy chọn tốc độ chậm hơn"},
    {"%, expected for example 10Hz, 2/min, or 20s for one each 20 s",
     "%1 không phải là tốc độ, ví dụ 10Hz, 2/min, hoặc 20s"},
    {"only a channel that is measured has one; this one follows others",
     "chỉ kênh được đo mới có; kênh này đi theo các kênh khác"},
    {"% is not a unit that is known, expected a UCUM code",
     "không biết đơn vị %1; hãy viết như Cel, V, m/s, hoặc để trống"},
    {"%, expected a name of at most % lower-case letters, digits and _, beginning with a letter",
     "%1: tên có nhiều nhất %2 chữ thường không dấu, chữ số và dấu _, bắt đầu bằng chữ"},
    {"% is a word of formulas and conditions, expected another name",
     "%1 là từ dùng trong công thức; hãy đặt tên khác"},
    {"a channel of that name is in line % already", "đã có kênh tên này ở dòng %1"},
    {"more than % channels in an experiment", "một thí nghiệm có nhiều nhất %1 kênh"},
    {"[%] has no channels, expected %", "thí nghiệm chưa có kênh nào; hãy chọn ít nhất một cảm biến"},
    {"[experiment%]: expected a name of lower-case letters, digits and dashes, such as %",
     "tên thí nghiệm chỉ có chữ thường không dấu, chữ số và dấu -, ví dụ %2"},
    /* options behind commas, and keys */
    {"% is no option of %, expected one of: %", "%1 không dùng được ở đây; các lựa chọn: %3"},
    {"% is given twice", "%1 được viết hai lần"},
    {"% without a value, expected %", "%1 chưa có giá trị"},
    {"something is wrong with the quotes or escapes in %, expected %", "dấu ngoặc kép hoặc dấu \\ trong %1 không đúng"},
    {"a quote is not closed; note that %", "thiếu dấu ngoặc kép đóng"},
    {"more than % commas", "có quá %1 dấu phẩy"},
    {"nothing behind a comma, expected an option such as %", "không có gì sau dấu phẩy"},
    {"% is not a key of [%]", "không có mục %1"},
    {"% is there already, in line %", "%1 đã có ở dòng %2"},
    {"[%] has no %", "thí nghiệm thiếu mục %2"},
    {"% is not a whole number, expected % to %", "%1 không phải là số nguyên, cần từ %2 đến %3"},
    {"% is not a whole number", "%1 không phải là số nguyên"},
    {"% is out of range, expected % to %", "%1 nằm ngoài khoảng từ %2 đến %3"},
    {"% is not a number, expected one such as 0.5 (a point, no unit)",
     "%1 không phải là số, ví dụ 0.5 (dấu chấm, không có đơn vị)"},
    {"% is not a duration, expected for example %", "%1 không phải là khoảng thời gian, ví dụ %2"},
    {"% is neither yes nor no", "%1 không phải là yes hay no"},
    {"% is not true or false", "%1 không phải là true hay false"},
    {"% is there twice, expected at most % such as %", "%1 có hai lần"},
    {"too many, expected at most % such as %", "quá nhiều, nhiều nhất là %1"},
    {"%, expected at most % such as %", "%1: nhiều nhất %2 lựa chọn, ví dụ %3"},
    {"more than % things are asked", "hỏi nhiều nhất %1 điều"},
    /* when */
    {"start, in line %, says already when a run begins; expected one of them",
     "start ở dòng %1 đã nói khi nào bắt đầu; chỉ dùng một trong hai"},
    {"the trigger in line % says it already", "trigger ở dòng %1 đã nói điều này"},
    {"a run that begins at once has nothing before it, expected a start condition too",
     "lần đo bắt đầu ngay thì không có gì ở trước; cần thêm điều kiện bắt đầu"},
    {"this experiment has no channel %", "thí nghiệm này không có kênh %1"},
    {"%, expected a number such as %", "%1 không phải là số, ví dụ %2"},
    {"%, expected rising or falling", "%1: cần rising (tăng) hoặc falling (giảm)"},
    {"%, expected a duration such as %", "%1 không phải là khoảng thời gian, ví dụ %2"},
    {"%, expected a time of the day such as %", "%1 không phải là giờ trong ngày, ví dụ %2"},
    {"%, expected CHANNEL %", "%1 không phải là điều kiện; cần KÊNH %2"},
    {"%, expected event DEVICE.EVENT, %", "%1 không phải là điều kiện; cần event THIẾT-BỊ.SỰ-KIỆN, %2"},
    {"% is %, expected a channel of it here, and %", "%1 đo ra số lẻ (%2): hãy lập kênh cho nó và viết %3"},
    {"% is %, expected a point with fixed values: %", "%1 (%2) không có các giá trị cố định"},
    {"%, expected one value behind %", "%1: cần một giá trị sau %2"},
    {"% is not one of: %", "%1 không nằm trong: %2"},
    {"% can stand only %", "%1 chỉ dùng được %2"},
    /* made over the bus */
    {"%, expected a name of at most % lower-case letters, digits and dashes",
     "%1: tên có nhiều nhất %2 chữ thường không dấu, chữ số và dấu -"},
    {"key % has control characters or is not UTF-8", "mục %1 có ký tự không đọc được"},
    {"the room has % experiments already, which is the most", "phòng đã có %1 thí nghiệm, là nhiều nhất; hãy xóa bớt"},
    {"more than % KiB, which is the most that is read", "dài quá %1 KiB"},
    {"what is given is not one section of a room file with % keys", "nội dung không phải là một thí nghiệm có %1 mục"},
    {"% would read back as %; note that %", "%1 sẽ bị đọc thành %2; đừng viết dấu chấm phẩy sau khoảng trắng"},
    {"text behind the heading, expected %", "tên mục bắt đầu bằng dấu ngoặc vuông không dùng được"},
    {"no \"]\" in this line, expected %", "tên mục bắt đầu bằng dấu ngoặc vuông không dùng được"},
    {"an empty heading, expected %", "tên mục bắt đầu bằng dấu ngoặc vuông không dùng được"},
    {"nothing before the \"=\", expected %", "có mục không có tên"},
    {"a \":\" before the \"=\", expected %", "tên mục không được có dấu hai chấm"},
    {"a key of % bytes, at most % can be read", "tên mục dài %1 byte, nhiều nhất là %2"},
    {"too many spaces in a row in this line", "có quá nhiều khoảng trắng liền nhau"},
    {"more than % keys, the rest is not read", "có quá %1 mục"},
    {"a line of % bytes, at most % can be read", "một dòng dài %1 byte, nhiều nhất là %2"},
    {"a value of more than % bytes", "một giá trị dài quá %1 byte"},
    {"a heading of % bytes, at most % can be read", "tên quá dài: %1 byte, nhiều nhất là %2"},
};

/* Words that stand for %. */
static const struct {
    const char *en, *vi;
} words[] = {
    {"the end", "hết công thức"},
    {"a character that is none", "một ký tự không đọc được"},
    {"nothing", "không có gì"},
    {"text", "là chữ"},
    {"enum", "là một trong vài từ"},
    {"only written", "chỉ ghi được"},
    {"it", "nội dung"},
    {"for a channel or a point", "cho một kênh hoặc một điểm"},
    {"for \"rises above\" and \"falls below\"", "cho \"rises above\" và \"falls below\""},
    {"in a trigger; here it is a key of its own, pre = 5s", "trong trigger; ở đây nó là một mục riêng, pre = 5s"}};

struct piece {
    const char *at;
    size_t n;
};

/* Whether `n` bytes of text fit the row; gaps: what stands for each %. */
static bool fits(const char *row, const char *text, size_t n, struct piece gaps[GAPS])
{
    const char *end = text + n;
    size_t n_gaps = 0, len = strcspn(row, "%");
    if (len > n || memcmp(row, text, len) != 0)
        return false;
    text += len;
    row += len;
    while (*row) {
        len = strcspn(++row, "%");
        const char *found = len == 0 ? end : memmem(text, (size_t)(end - text), row, len);
        if (len > 0 && row[len] == '\0' && (size_t)(end - text) >= len) /* the last piece ends the sentence */
            found = memcmp(end - len, row, len) == 0 ? end - len : NULL;
        if (!found || n_gaps == GAPS)
            return false;
        gaps[n_gaps++] = (struct piece){text, (size_t)(found - text)};
        text = found + len;
        row += len;
    }
    return text == end;
}

struct writer {
    char *out;
    size_t n;
};

static void put(struct writer *w, const char *text, size_t n)
{
    if (n > LEC_MISTAKE_VI_MAX - 1 - w->n) {
        n = LEC_MISTAKE_VI_MAX - 1 - w->n;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) /* not with half a character at its end */
            n--;
    }
    memcpy(w->out + w->n, text, n);
    w->n += n;
    w->out[w->n] = '\0';
}

static void put_gap(struct writer *w, struct piece gap)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i].en) == gap.n && memcmp(words[i].en, gap.at, gap.n) == 0) {
            put(w, words[i].vi, strlen(words[i].vi));
            return;
        }
    }
    put(w, gap.at, gap.n);
}

static void put_sentence(struct writer *w, const char *vi, const struct piece gaps[GAPS])
{
    while (*vi) {
        size_t n = strcspn(vi, "%");
        put(w, vi, n);
        vi += n;
        if (*vi == '\0')
            return;
        put_gap(w, gaps[vi[1] - '1']);
        vi += 2;
    }
}

static bool translate(struct writer *w, const char *text, size_t n)
{
    struct piece gaps[GAPS] = {{"", 0}};
    for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
        if (!fits(sentences[i].en, text, n, gaps))
            continue;
        put_sentence(w, sentences[i].vi, gaps);
        return true;
    }
    return false;
}

bool lec_mistake_vi(const char *text, char out[LEC_MISTAKE_VI_MAX])
{
    static const char meant[] = " (did you mean ";
    struct writer w = {.out = out};
    const char *hint = strstr(text, meant);
    size_t n = hint ? (size_t)(hint - text) : strlen(text);
    /* "channel water: rate: ...": what stands before the sentence names the place. From the end, so that no row takes it for a %. */
    for (size_t at = n; at-- > 0;) {
        if (at > 0 && (at < 2 || text[at - 1] != ' ' || text[at - 2] != ':'))
            continue;
        w.n = 0;
        put(&w, text, at);
        if (!translate(&w, text + at, n - at))
            continue;
        if (hint) {
            hint += sizeof meant - 1;
            put(&w, " (có phải là ", strlen(" (có phải là "));
            put(&w, hint, strlen(hint));
        }
        return true;
    }
    return false;
}

#include "exchange.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

#include <modbus.h>

#define ANSWER_MAX_NS     LEC_SEC
#define TURNAROUND_NS     (150 * LEC_MS) /* after a broadcast: 100 to 200 ms, MODBUS over Serial Line 1.02, 2.4.1 */
#define EXCEPTION_BYTES   5
#define PRINTED_TIME_SIZE 32

enum verb { READ, WRITE_COILS, WRITE_REGISTERS, WRITE_MASK };

struct request {
    enum verb verb;
    enum mb_table table;
    uint16_t addr, count;
    uint16_t *regs; /* READ */
    uint8_t *bits;
    const uint16_t *values; /* WRITE_REGISTERS */
    bool on, single;
    uint16_t and_mask, or_mask;
};

int mb_context_open(struct modbus *m, struct lec_err *err)
{
    /* The address and the settings are never used: the line is open already, and libmodbus never connects. */
    m->ctx = m->rtu ? modbus_new_rtu("line", 9600, 'N', 8, 1) : modbus_new_tcp("0.0.0.0", MODBUS_TCP_DEFAULT_PORT);
    if (!m->ctx)
        return lec_fail(err, LEC_E_NOMEM, "libmodbus gives no context");
    /* Without a byte time-out the response time-out covers the whole answer, so that a unit which sends a byte now and
     * then cannot hold the line, and a pause inside a frame is as long as it likes within that time. */
    if (modbus_set_slave(m->ctx, m->unit) < 0 || modbus_set_error_recovery(m->ctx, MODBUS_ERROR_RECOVERY_NONE) < 0 ||
        modbus_set_byte_timeout(m->ctx, 0, 0) < 0) {
        mb_context_close(m);
        return lec_fail(err, LEC_E_CONFIG, "libmodbus does not take unit %d", m->unit);
    }
    return 0;
}

void mb_context_close(struct modbus *m)
{
    modbus_free(m->ctx);
    m->ctx = NULL;
}

/* ---- Sizes and times ---------------------------------------------------------------------------------------- */

static void sizes(const struct modbus *m, const struct request *rq, size_t *sent, size_t *received)
{
    size_t frame = m->rtu ? 3 : 7; /* unit and checksum, or the header of TCP */
    size_t bits = (rq->count + 7u) / 8u, regs = 2u * rq->count;
    *sent = *received = frame + 5;
    switch (rq->verb) {
    case READ:
        *received = frame + 2 + (mb_is_bits(rq->table) ? bits : regs);
        break;
    case WRITE_COILS:
        *sent += rq->single ? 0 : 1 + bits;
        break;
    case WRITE_REGISTERS:
        *sent += rq->single ? 0 : 1 + regs;
        break;
    case WRITE_MASK:
        *sent = *received = frame + 7;
        break;
    }
}

static int64_t answer_ns(const struct modbus *m)
{
    return m->allowed_ns < ANSWER_MAX_NS ? m->allowed_ns : ANSWER_MAX_NS;
}

static int pause_for(struct lec_dev *dev, int64_t ns, struct lec_err *err)
{
    for (; ns > 0; ns -= LEC_SEC) {
        int rc = lec_dev_pause(dev, ns < LEC_SEC ? ns : LEC_SEC, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- What went wrong ---------------------------------------------------------------------------------------- */

static const struct {
    int code;
    const char *text;
} exceptions[] = {
    [MODBUS_EXCEPTION_ILLEGAL_FUNCTION] = {LEC_E_NOTSUP, "the unit does not know this function"},
    [MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS] = {LEC_E_NOTSUP, "the unit has no such address"},
    [MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE] = {LEC_E_REFUSED, "the unit does not take this value or number of registers"},
    [MODBUS_EXCEPTION_SLAVE_OR_SERVER_FAILURE] = {LEC_E_BUSY, "the unit failed to do it"},
    [MODBUS_EXCEPTION_ACKNOWLEDGE] = {LEC_E_BUSY, "the unit is still working on it"},
    [MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY] = {LEC_E_BUSY, "the unit is busy"},
    [MODBUS_EXCEPTION_NEGATIVE_ACKNOWLEDGE] = {LEC_E_REFUSED, "the unit refuses"},
    [MODBUS_EXCEPTION_MEMORY_PARITY] = {LEC_E_REFUSED, "the unit's memory is damaged"},
    [MODBUS_EXCEPTION_GATEWAY_PATH] = {LEC_E_TIMEOUT, "the gateway has no way to the unit"},
    [MODBUS_EXCEPTION_GATEWAY_TARGET] = {LEC_E_TIMEOUT, "the gateway gets no answer from the unit"},
};

static int exception(struct modbus *m, const struct request *rq, int number, struct lec_err *err)
{
    m->exception = number;
    size_t i = (size_t)number;
    bool known = i < ARRAY_LEN(exceptions) && exceptions[i].text;
    const char *what = known ? exceptions[i].text : "the unit refuses for a reason of its own";
    return lec_fail(err, known ? exceptions[i].code : LEC_E_REFUSED, "exception %d from unit %d: %s (%s %s 0x%04X, %u)",
                    number, m->unit, what, rq->verb == READ ? "reading" : "writing", mb_table_name(rq->table), rq->addr,
                    rq->count);
}

static int no_answer(const struct modbus *m, struct lec_err *err)
{
    char text[PRINTED_TIME_SIZE];
    int64_t ms = (answer_ns(m) + LEC_MS - 1) / LEC_MS;
    return lec_fail(err, LEC_E_TIMEOUT, "no answer from unit %d in %s", m->unit,
                    lec_print_duration(ms * LEC_MS, text, sizeof text));
}

static int failure(struct modbus *m, const struct request *rq, int number, struct lec_err *err)
{
    if (number >= MODBUS_ENOBASE && number <= EMBXGTAR)
        return exception(m, rq, number - MODBUS_ENOBASE, err);
    switch (number) {
    case ETIMEDOUT:
    case EAGAIN:
        return no_answer(m, err);
    case EMBBADCRC:
        return lec_fail(err, LEC_E_FRAME, "the answer's checksum is wrong (noise, or the wrong rate or parity)");
    case EMBBADSLAVE:
        return lec_fail(err, LEC_E_FRAME, "the answer is not unit %d's (two units with one address, or noise)",
                        m->unit);
    case EMBBADDATA:
        return lec_fail(err, LEC_E_FRAME, "the answer belongs to another request");
    case EMBBADEXC:
    case EMBUNKEXC:
        return lec_fail(err, LEC_E_FRAME, "an exception that the standard does not know, or to another request");
    case EMBMDATA:
    case EINVAL:
    case ENOPROTOOPT:
        return lec_fail(err, LEC_E_BUG, "libmodbus does not take the request: %s", modbus_strerror(number));
    default:
        return lec_fail(err, LEC_E_LINK, "the connection is lost: %s", modbus_strerror(number));
    }
}

/* ---- One exchange ------------------------------------------------------------------------------------------- */

static int call(modbus_t *ctx, const struct request *rq)
{
    switch (rq->verb) {
    case READ:
        switch (rq->table) {
        case MB_COIL:
            return modbus_read_bits(ctx, rq->addr, rq->count, rq->bits);
        case MB_DISCRETE:
            return modbus_read_input_bits(ctx, rq->addr, rq->count, rq->bits);
        case MB_HOLDING:
            return modbus_read_registers(ctx, rq->addr, rq->count, rq->regs);
        case MB_INPUT:
            return modbus_read_input_registers(ctx, rq->addr, rq->count, rq->regs);
        }
        break;
    case WRITE_COILS: {
        if (rq->single)
            return modbus_write_bit(ctx, rq->addr, rq->on);
        uint8_t bits[MODBUS_MAX_WRITE_BITS];
        memset(bits, rq->on, sizeof bits);
        return modbus_write_bits(ctx, rq->addr, rq->count, bits);
    }
    case WRITE_REGISTERS:
        if (rq->single)
            return modbus_write_register(ctx, rq->addr, rq->values[0]);
        return modbus_write_registers(ctx, rq->addr, rq->count, rq->values);
    case WRITE_MASK:
        return modbus_mask_write_register(ctx, rq->addr, rq->and_mask, rq->or_mask);
    }
    errno = EINVAL;
    return -1;
}

/* The descriptor to use now; a reconnect gives another one. */
static int take_line(struct lec_dev *dev, struct modbus *m, struct lec_err *err)
{
    int fd = lec_line_fd(dev);
    if (fd < 0)
        return lec_fail(err, LEC_E_LINK, "the line is not open");
    if (fd >= FD_SETSIZE) /* libmodbus waits with select and would write past its set */
        return lec_fail(err, LEC_E_NOMEM, "descriptor %d is beyond what libmodbus can wait on: fewer lines, please",
                        fd);
    modbus_set_socket(m->ctx, fd);
    return 0;
}

static int once(struct lec_dev *dev, struct modbus *m, const struct request *rq, struct lec_err *err)
{
    int rc = take_line(dev, m, err);
    if (rc < 0)
        return rc;
    size_t sent, received;
    sizes(m, rq, &sent, &received);
    int64_t wire_ns = (int64_t)(sent + received) * m->byte_ns;
    bool broadcast = m->rtu && m->unit == MODBUS_BROADCAST_ADDRESS;
    int64_t wait_ns = broadcast ? LEC_MS : answer_ns(m) + wire_ns + LEC_MS;
    modbus_set_response_timeout(m->ctx, (uint32_t)(wait_ns / LEC_SEC), (uint32_t)(wait_ns % LEC_SEC / 1000));
    if (m->rtu)
        lec_line_flush(dev);
    m->exception = 0;
    if (call(m->ctx, rq) >= 0) {
        lec_line_count(dev, sent, received);
        return 0;
    }
    int number = errno;
    if (broadcast && number == ETIMEDOUT) { /* nobody answers to everybody; libmodbus waits all the same */
        lec_line_count(dev, sent, 0);
        return pause_for(dev, wire_ns + TURNAROUND_NS, err);
    }
    rc = failure(m, rq, number, err);
    lec_line_count(dev, sent, m->exception ? EXCEPTION_BYTES : 0);
    return rc;
}

/* ---- Late answers (see exchange.h) -------------------------------------------------------------------------- */

static int silence(struct lec_dev *dev, int64_t ns, size_t *dropped, struct lec_err *err)
{
    int rc = pause_for(dev, ns, err);
    *dropped = lec_line_flush(dev);
    return rc;
}

/* Makes sure that no answer to an earlier request is under way: sends `first`, believes nothing, and waits. */
static int prove(struct lec_dev *dev, struct modbus *m, const struct request *first, struct lec_err *err)
{
    size_t dropped;
    int rc = once(dev, m, first, err);
    if (rc == LEC_E_LINK || rc == LEC_E_CANCELLED || rc == LEC_E_NOMEM || rc == LEC_E_BUG)
        return rc;
    if (rc == LEC_E_TIMEOUT && !m->exception) {
        int cancelled = silence(dev, m->quiet_ns, &dropped, NULL);
        return cancelled < 0 ? cancelled : rc;
    }
    rc = silence(dev, answer_ns(m) > m->quiet_ns ? answer_ns(m) : m->quiet_ns, &dropped, err);
    if (rc < 0)
        return rc;
    if (dropped > 0)
        return lec_fail(err, LEC_E_FRAME, "unit %d still sends late answers", m->unit);
    m->suspect = false;
    return 0;
}

/* A read to prove with: `rq` itself, or what the device is known to have. */
static bool harmless(const struct modbus *m, const struct request *rq, struct request *out, uint16_t *regs,
                     uint8_t *bits)
{
    if (rq && rq->verb == READ) {
        *out = *rq;
    } else if (m->n_items > 0) {
        const struct mb_item *item = &m->items[0];
        *out = (struct request){.verb = READ, .table = item->table, .addr = item->addr, .count = item->count};
    } else {
        return false;
    }
    out->regs = regs;
    out->bits = bits;
    return true;
}

static int check_line(struct lec_dev *dev, struct modbus *m, const struct request *rq, struct lec_err *err)
{
    uint16_t regs[MODBUS_MAX_READ_REGISTERS];
    uint8_t bits[MODBUS_MAX_READ_BITS];
    struct request first;
    if (harmless(m, rq, &first, regs, bits))
        return prove(dev, m, &first, err);
    m->suspect = false; /* a device that is only written to: what its answers say matters little */
    return 0;
}

static int exchange(struct lec_dev *dev, const struct request *rq, struct lec_err *err)
{
    struct modbus *m = dev->state;
    if (m->suspect) {
        int rc = check_line(dev, m, rq, err);
        if (rc < 0)
            return rc;
    }
    int rc = once(dev, m, rq, err);
    bool doubt = rc == LEC_E_FRAME || (rc == LEC_E_TIMEOUT && !m->exception);
    if (!doubt)
        return rc;
    if (!m->rtu) {
        lec_line_broken(dev);
        return rc;
    }
    m->suspect = true;
    size_t dropped;
    int cancelled = silence(dev, m->quiet_ns, &dropped, NULL);
    if (cancelled == 0 && m->shares_unit)
        cancelled = check_line(dev, m, rq, NULL);
    return cancelled == LEC_E_CANCELLED ? lec_fail(err, LEC_E_CANCELLED, "cancelled") : rc;
}

/* ---- The calls ---------------------------------------------------------------------------------------------- */

int mb_read(struct lec_dev *dev, enum mb_table table, uint16_t addr, uint16_t count, uint16_t *regs, uint8_t *bits,
            struct lec_err *err)
{
    struct request rq = {.verb = READ, .table = table, .addr = addr, .count = count, .regs = regs, .bits = bits};
    return exchange(dev, &rq, err);
}

int mb_write_coils(struct lec_dev *dev, uint16_t addr, uint16_t count, bool on, bool single, struct lec_err *err)
{
    struct request rq = {
        .verb = WRITE_COILS, .table = MB_COIL, .addr = addr, .count = count, .on = on, .single = single};
    return exchange(dev, &rq, err);
}

int mb_write_registers(struct lec_dev *dev, uint16_t addr, uint16_t count, const uint16_t *regs, bool single,
                       struct lec_err *err)
{
    struct request rq = {
        .verb = WRITE_REGISTERS, .table = MB_HOLDING, .addr = addr, .count = count, .values = regs, .single = single};
    return exchange(dev, &rq, err);
}

int mb_write_mask(struct lec_dev *dev, uint16_t addr, uint16_t and_mask, uint16_t or_mask, struct lec_err *err)
{
    struct request rq = {
        .verb = WRITE_MASK, .table = MB_HOLDING, .addr = addr, .count = 1, .and_mask = and_mask, .or_mask = or_mask};
    return exchange(dev, &rq, err);
}

/* ---- Functions that libmodbus does not know ----------------------------------------------------------------- */

/* CRC-16 of the serial line, low byte first on the wire. Source: MODBUS over Serial Line 1.02, 6.2.2. */
static uint16_t crc16(const unsigned char *data, size_t n)
{
    uint16_t crc = 0xffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1);
    }
    return crc;
}

static size_t seal(unsigned char *frame, size_t n)
{
    uint16_t crc = crc16(frame, n);
    frame[n] = (unsigned char)(crc & 0xff);
    frame[n + 1] = (unsigned char)(crc >> 8);
    return n + 2;
}

static int echo(struct lec_dev *dev, struct modbus *m, uint8_t function, struct lec_err *err)
{
    unsigned char frame[4] = {(unsigned char)m->unit, function}, answer[EXCEPTION_BYTES], expected[EXCEPTION_BYTES];
    size_t n = seal(frame, 2);
    lec_line_flush(dev);
    lec_line_deadline(dev, answer_ns(m) + (int64_t)(sizeof frame + sizeof answer) * m->byte_ns);
    int rc = lec_line_send(dev, frame, n, err);
    if (rc == 0)
        rc = lec_line_recv_all(dev, answer, n, err);
    if (rc < 0)
        return rc;
    if (memcmp(frame, answer, n) == 0)
        return 0;
    if (answer[0] != frame[0] || answer[1] != (function | 0x80))
        return lec_fail(err, LEC_E_FRAME, "the answer is not the request's echo");
    rc = lec_line_recv_all(dev, answer + n, EXCEPTION_BYTES - n, err);
    if (rc < 0)
        return rc;
    memcpy(expected, answer, EXCEPTION_BYTES);
    seal(expected, EXCEPTION_BYTES - 2);
    if (memcmp(expected, answer, EXCEPTION_BYTES) != 0)
        return lec_fail(err, LEC_E_FRAME, "the answer's checksum is wrong");
    return lec_fail(err, LEC_E_REFUSED, "exception %d from unit %d to function 0x%02X", answer[2], m->unit, function);
}

int mb_function(struct lec_dev *dev, uint8_t function, struct lec_err *err)
{
    struct modbus *m = dev->state;
    size_t dropped;
    int rc = m->suspect ? check_line(dev, m, NULL, err) : 0;
    if (rc == 0)
        rc = echo(dev, m, function, err);
    if (rc == LEC_E_TIMEOUT || rc == LEC_E_FRAME) {
        m->suspect = true;
        if (silence(dev, m->quiet_ns, &dropped, NULL) == LEC_E_CANCELLED)
            return lec_fail(err, LEC_E_CANCELLED, "cancelled");
    }
    return rc;
}

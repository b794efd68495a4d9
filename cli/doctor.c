/* lectern doctor: what is wrong between this person and the devices, from the outside in, each with what to do. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alarm.h"
#include "lectern/clock.h"
#include "lectern/program.h"
#include "lines.h"

#define DISK_LOW (200 * INT64_C(1024) * 1024)

enum finding { FINE, NOTE, FAULT };

struct doctor {
    struct cli *cli;
    json_t *findings; /* --json */
    int faults;
};

static void tell(struct doctor *d, enum finding what, const char *about, const char *text, const char *remedy)
{
    static const char *const names[] = {[FINE] = "ok", [NOTE] = "note", [FAULT] = "fault"};
    static const char *const marks[] = {[FINE] = "✓", [NOTE] = "·", [FAULT] = "✗"};
    static const enum style styles[] = {[FINE] = GOOD, [NOTE] = WARN, [FAULT] = BAD};
    d->faults += what == FAULT;
    if (d->cli->json) {
        json_array_append_new(d->findings, json_pack("{s:s, s:s, s:s, s:s}", "finding", names[what], "about", about,
                                                     "text", text, "remedy", remedy));
        return;
    }
    out_styled(styles[what], "%s ", marks[what]);
    out("%s: %s\n", about, text);
    if (remedy[0] != '\0')
        out(T("    Nên thử: %s\n", "    What to do: %s\n"), remedy);
}

static void tellf(struct doctor *d, enum finding what, const char *about, const char *remedy, const char *fmt, ...)
    LEC_PRINTF(5, 6);

static void tellf(struct doctor *d, enum finding what, const char *about, const char *remedy, const char *fmt, ...)
{
    char *text;
    va_list args;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) >= 0) {
        tell(d, what, about, text, remedy);
        free(text);
    }
    va_end(args);
}

static void check_run_folder(struct doctor *d)
{
    struct lec_room_found found[64];
    char folder[256] = "", remedy[512];
    struct lec_err err;
    struct stat st;
    int n = lec_bus_rooms(found, ARRAY_LEN(found), folder, sizeof folder, &err);
    const char *about = T("thư mục chạy", "run folder");
    if (n < 0) {
        tell(d, FAULT, about, err.text,
             T("kiểm tra LECTERN_RUN và quyền của thư mục", "check LECTERN_RUN and the folder's permissions"));
        return;
    }
    if (stat(folder, &st) < 0) {
        tellf(d, FAULT, about,
              T("khởi động lecternd: systemctl start lecternd@PHÒNG", "start lecternd: systemctl start lecternd@ROOM"),
              T("%s chưa có", "%s does not exist"), folder);
        return;
    }
    tellf(d, FINE, about, "", T("%s, %d phòng", "%s, %d rooms"), folder, n);
    for (int i = 0; i < n; i++) {
        if (found[i].state == LEC_ROOM_DEAD) {
            snprintf(remedy, sizeof remedy, "systemctl status lecternd@%.64s; journalctl -u lecternd@%.64s",
                     found[i].name, found[i].name);
            tell(d, FAULT, found[i].name,
                 T("lecternd đã dừng mà không dọn dẹp", "lecternd is gone and left its socket behind"), remedy);
        } else if (found[i].state == LEC_ROOM_DENIED) {
            tell(d, FAULT, found[i].name, T("bạn không có quyền vào phòng này", "you may not connect to this room"),
                 T("xin thêm vào nhóm lectern: sudo usermod -aG lectern $USER, rồi đăng nhập lại",
                   "join the group lectern: sudo usermod -aG lectern $USER, then log in again"));
        }
    }
}

/* A call that must not end the examination. */
static json_t *ask(struct doctor *d, const char *method)
{
    json_t *result = NULL, *error = NULL;
    struct lec_err err;
    if (lec_bus_call(d->cli->bus, method, NULL, cli_patience(d->cli, 5000), &result, &error, &err) < 0)
        tell(d, FAULT, method, error ? text_of(error, "message") : err.text,
             error ? ""
                   : T("xem nhật ký của lecternd: journalctl -u 'lecternd@*'",
                       "see the log of lecternd: journalctl -u 'lecternd@*'"));
    json_decref(error);
    return result;
}

static bool check_daemon(struct doctor *d)
{
    int64_t begin = lec_now();
    json_t *room = ask(d, "room.describe");
    if (!room)
        return false;
    double ms = (double)(lec_now() - begin) / (double)LEC_MS;
    bool same = strcmp(text_of(room, "version"), lec_version()) == 0;
    tellf(d, ms > 500 ? FAULT : FINE, "lecternd",
          ms > 500 ? T("máy quá tải? xem: top", "is the machine overloaded? see: top") : "",
          T("phòng %s trả lời trong %.1f ms", "room %s answers in %.1f ms"), text_of(room, "room"), ms);
    tellf(d, same ? FINE : NOTE, T("phiên bản", "version"),
          same ? "" : T("khởi động lại lecternd sau khi nâng cấp", "restart lecternd after an upgrade"),
          "lecternd %s, lectern %s", text_of(room, "version"), lec_version());
    if (json_is_true(json_object_get(room, "simulated")))
        tell(d, NOTE, T("mô phỏng", "simulation"),
             T("có thiết bị do lectern-sim đóng vai, không phải thiết bị thật",
               "some devices are played by lectern-sim and are not real"),
             "");
    json_decref(room);
    return true;
}

static void check_devices(struct doctor *d)
{
    json_t *result = ask(d, "device.list");
    const json_t *devices = json_object_get(result, "devices");
    int fine = 0;
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const json_t *row = json_array_get(devices, i);
        const char *status = text_of(row, "status");
        if (strcmp(status, "online") == 0)
            fine++;
        else
            tellf(d, strcmp(status, "away") == 0 ? FAULT : NOTE, text_of(row, "name"),
                  lang_json(json_object_get(row, "remedy")), "%s%s%s", word_status(status),
                  text_of(row, "reason")[0] ? ": " : "", text_of(row, "reason"));
    }
    if (result)
        tellf(d, FINE, T("thiết bị", "devices"), "", T("%d trong %zu hoạt động", "%d of %zu online"), fine,
              json_array_size(devices));
    json_decref(result);
}

/* A serial line that is not open: whether the port is there, and whether it may be opened. */
static void check_port(struct doctor *d, const json_t *line)
{
    const char *name = text_of(line, "line");
    const char *at = strstr(name, ":///");
    if (!at || strncmp(name, "serial", 6) != 0 || !json_is_false(json_object_get(line, "open")))
        return;
    char path[512];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(at + 3, "?"), at + 3);
    struct stat st;
    if (stat(path, &st) < 0)
        tellf(d, FAULT, name,
              T("cắm lại cáp USB; xem: ls -l /dev/serial/by-id",
                "plug the USB cable in again; see: ls -l /dev/serial/by-id"),
              T("không có cổng %s", "there is no port %s"), path);
    else if (access(path, R_OK | W_OK) < 0)
        tellf(d, FAULT, name,
              T("thêm người dùng của lecternd vào nhóm dialout", "put lecternd's user into the group dialout"),
              T("không được mở %s: %s", "%s may not be opened: %s"), path, strerror(errno));
}

static void check_ports_here(struct doctor *d)
{
    DIR *dir = opendir("/dev/serial/by-id");
    int n = 0;
    for (const struct dirent *e; dir && (e = readdir(dir));)
        n += e->d_name[0] != '.';
    if (dir)
        closedir(dir);
    tellf(d, FINE, T("cổng nối tiếp", "serial ports"), "",
          T("%d cổng USB trên máy này", "%d USB ports on this machine"), n);
}

static void check_journal(struct doctor *d, const json_t *journal)
{
    int64_t space = int_of(journal, "free_bytes", -1), lost = int_of(journal, "lost", 0);
    const char *about = T("nhật ký", "journal");
    if (json_is_false(json_object_get(journal, "ok")))
        tell(d, FAULT, about, text_of(journal, "reason"),
             T("giải phóng ổ đĩa, kiểm tra quyền của thư mục nhật ký",
               "free disk space, check the journal folder's permissions"));
    else if (space >= 0 && space < DISK_LOW)
        tellf(d, FAULT, about, T("giải phóng ổ đĩa", "free disk space"),
              T("chỉ còn %lld MB trên ổ đĩa", "only %lld MB left on the disk"), (long long)(space >> 20));
    else
        tellf(d, FINE, about, "", T("mục cuối %lld, ổ đĩa còn %lld MB", "last entry %lld, %lld MB left on the disk"),
              (long long)int_of(journal, "last", 0), (long long)(space < 0 ? 0 : space >> 20));
    if (lost > 0)
        tellf(d, FAULT, about, T("xem nhật ký, loại limit", "see the journal's entries of kind limit"),
              T("%lld mục đã mất", "%lld entries were lost"), (long long)lost);
}

/* One line: what is wrong with devices and disks has been told above, each with what to do. */
static void check_alarms(struct doctor *d, const json_t *alarms)
{
    int64_t standing = int_of(alarms, "standing", -1), shelved = int_of(alarms, "shelved", 0);
    if (standing < 0)
        return; /* an older room */
    tellf(d, standing > 0 ? NOTE : FINE, T("báo động", "alarms"),
          standing > 0 || shelved > 0 ? T("xem: lectern alarm list", "see: lectern alarm list") : "",
          T("%lld đang báo%s%s, %lld được gác lại", "%lld standing%s%s, %lld shelved"), (long long)standing,
          standing > 0 ? T(", nặng nhất: ", ", the gravest: ") : "",
          standing > 0 ? alarm_severity(text_of(alarms, "worst")) : "", (long long)shelved);
}

static void check_health(struct doctor *d)
{
    json_t *health = ask(d, "system.health");
    if (!health)
        return;
    const json_t *lines = json_object_get(health, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const char *trouble = line_trouble(line);
        check_port(d, line);
        if (trouble)
            tellf(d, FAULT, text_of(line, "line"), trouble,
                  T("hỏi %lld, không đáp %lld, hỏng %lld", "asked %lld, timed out %lld, bad %lld"),
                  (long long)int_of(line, "asked", 0), (long long)int_of(line, "timed_out", 0),
                  (long long)int_of(line, "bad_frames", 0));
    }
    check_journal(d, json_object_get(health, "journal"));
    check_alarms(d, json_object_get(health, "alarms"));
    const char *name;
    json_t *count;
    json_object_foreach(json_object_get(health, "limits"), name, count)
    {
        tellf(d, NOTE, T("giới hạn", "limit"), "", T("%s: đã chạm %lld lần", "%s: reached %lld times"), name,
              (long long)json_integer_value(count));
    }
    json_decref(health);
}

int cmd_doctor(struct cli *cli)
{
    struct doctor d = {.cli = cli, .findings = json_array()};
    check_run_folder(&d);
    check_ports_here(&d);
    int code = cli_connect_quietly(cli) ? EXIT_OK : EXIT_UNREACHABLE;
    if (code == EXIT_OK && check_daemon(&d)) {
        check_devices(&d);
        check_health(&d);
    } else if (code == EXIT_UNREACHABLE) {
        tell(&d, FAULT, T("phòng", "room"),
             cli->room
                 ? T("không tới được phòng đã chọn", "the room chosen cannot be reached")
                 : T("không có phòng nào, hoặc có nhiều phòng mà chưa chọn", "no room, or several and none was chosen"),
             T("chọn bằng --room; khởi động: systemctl start lecternd@PHÒNG",
               "choose with --room; start with: systemctl start lecternd@ROOM"));
    }
    if (cli->json)
        out_json(d.findings);
    else if (d.faults == 0)
        out_styled(GOOD, "%s\n", T("mọi thứ đều ổn", "all is well"));
    else
        out_styled(BAD, T("%d điều cần sửa\n", "%d to mend\n"), d.faults);
    json_decref(d.findings);
    return code != EXIT_OK ? code : d.faults > 0 ? EXIT_NOT_DONE : EXIT_OK;
}

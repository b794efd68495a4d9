/* The table of commands. A command is added by a row here and a function in the file of its subject. */
#include <string.h>

#include "cli.h"

const struct option_row global_options[] = {
    {"room", 'r', "NAME", WORD_ROOM, {"phòng nào (cũng: LECTERN_ROOM)", "which room (also: LECTERN_ROOM)"}},
    {"json", 'j', NULL, WORD_NONE, {"kết quả là JSON, cho chương trình", "print JSON, for programs"}},
    {"timeout",
     't',
     "TIME",
     WORD_NONE,
     {"chờ trả lời tối đa, như 500ms, 30s, 2min", "longest wait, as 500ms, 30s, 2min"}},
    {"help", 'h', NULL, WORD_NONE, {"trợ giúp", "this help"}},
    {"version", 'V', NULL, WORD_NONE, {"phiên bản", "the version"}},
    {0},
};

/* clang-format off */
const struct command commands[] = {
    {"status", "[DEVICE...]", {"tình trạng của phòng", "how the room is"}, {"", ""},
     cmd_status, 0, -1, {WORD_DEVICE}, {{0}}},
    {"get", "TARGET...", {"đọc giá trị: thiết bị, hoặc thiết-bị.điểm", "read values: a device, or device.point"},
     {"Kết thúc với mã 1 nếu một giá trị không còn tốt (cũ, hoặc không có).",
      "Ends with code 1 when a value is not good (stale, or none)."},
     cmd_get, 1, -1, {WORD_READABLE},
     {{"fresh", 'f', NULL, WORD_NONE, {"hỏi thiết bị ngay bây giờ", "ask the device now"}}}},
    {"set", "TARGET VALUE", {"đặt giá trị, và chờ thiết bị xác nhận", "set a value, and wait until the device confirms it"},
     {"Chỉ nói \"xong\" khi đã đọc lại được giá trị mới từ thiết bị.",
      "Says \"done\" only when the new value was read back from the device."},
     cmd_set, 2, 2, {WORD_SETTABLE, WORD_CHOICE},
     {{"no-wait", 'n', NULL, WORD_NONE, {"chỉ chờ thiết bị nhận lệnh", "wait only until the device has taken the command"}}}},
    {"invoke", "TARGET [NAME=VALUE...]", {"thực hiện một hành động của thiết bị", "carry out an action of a device"}, {"", ""},
     cmd_invoke, 1, -1, {WORD_NONE}, {{0}}},
    {"watch", "[TARGET...]", {"theo dõi thay đổi, đến khi nhấn Ctrl-C", "follow changes, until Ctrl-C"},
     {"Mất liên lạc với phòng thì nói rõ, rồi tự nối lại.", "Says so when the room is lost, and comes back by itself."},
     cmd_watch, 0, -1, {WORD_READABLE},
     {{"events", 'e', NULL, WORD_NONE, {"cả sự kiện của thiết bị và kịch bản", "events of devices and scenes too"}},
      {"count", 'c', "N", WORD_NONE, {"dừng sau N thay đổi", "stop after N changes"}}}},
    {"alarm list", "", {"các báo động của phòng", "the alarms of the room"}, {"", ""},
     cmd_alarm_list, 0, 0, {WORD_NONE},
     {{"ended", 'e', "N", WORD_NONE, {"cả N báo động đã hết gần đây nhất", "the last N that cleared too"}},
      {"rules", 'R', NULL, WORD_NONE, {"phòng báo động khi nào", "what the room raises alarms for"}}}},
    {"alarm ack", "ALARM [NOTE]", {"nhận một báo động: đã có người lo", "acknowledge an alarm: somebody sees to it"},
     {"Lời gọi giúp đỡ (help) hết khi được nhận.", "A call for help clears when it is acknowledged."},
     cmd_alarm_ack, 1, 2, {WORD_ALARM, WORD_NONE}, {{0}}},
    {"alarm shelve", "ALARM TIME REASON", {"gác một báo động lại một thời gian", "put an alarm aside for a time"},
     {"Vẫn ghi vào nhật ký. TIME từ 1min đến 30d; REASON là để người khác hiểu vì sao.",
      "It is still journalled. TIME is from 1min to 30d; REASON tells others why."},
     cmd_alarm_shelve, 3, 3, {WORD_ALARM, WORD_NONE}, {{0}}},
    {"alarm unshelve", "ALARM", {"thôi gác lại", "take it back from there"}, {"", ""},
     cmd_alarm_unshelve, 1, 1, {WORD_ALARM}, {{0}}},
    {"scene list", "", {"các kịch bản của phòng", "the scenes of the room"}, {"", ""}, cmd_scene_list, 0, 0, {WORD_NONE}, {{0}}},
    {"scene plan", "SCENE", {"kịch bản sẽ làm gì, không đụng vào thiết bị", "what a scene would do, without doing it"}, {"", ""},
     cmd_scene_plan, 1, 1, {WORD_SCENE},
     {{"known", 'k', NULL, WORD_NONE, {"theo giá trị đã biết, không hỏi lại", "from known values, without asking devices"}}}},
    {"scene start", "SCENE", {"bắt đầu một kịch bản", "start a scene"},
     {"Với --wait, mã 0 chỉ khi mọi bước thật sự xong.", "With --wait, code 0 only when every step truly came true."},
     cmd_scene_start, 1, 1, {WORD_SCENE},
     {{"wait", 'w', NULL, WORD_NONE, {"chờ đến khi kết thúc và cho xem từng bước", "wait for its end, showing each step"}}}},
    {"scene cancel", "SCENE|RUN", {"dừng một kịch bản đang chạy", "stop a scene under way"}, {"", ""},
     cmd_scene_cancel, 1, 1, {WORD_RUN}, {{0}}},
    {"scene undo", "[RUN]", {"trả lại như trước lần chạy cuối", "put back what the last run changed"}, {"", ""},
     cmd_scene_undo, 0, 1, {WORD_NONE},
     {{"wait", 'w', NULL, WORD_NONE, {"chờ đến khi kết thúc và cho xem từng bước", "wait for its end, showing each step"}}}},
    {"scene capture", "NAME [DEVICE...]", {"ghi trạng thái hiện tại thành kịch bản mới", "keep the present state as a new scene"},
     {"", ""}, cmd_scene_capture, 1, -1, {WORD_NONE, WORD_DEVICE},
     {{"label", 'l', "TEXT", WORD_NONE, {"tên tiếng Việt", "its label in Vietnamese"}},
      {"label-en", 'L', "TEXT", WORD_NONE, {"tên tiếng Anh", "its label in English"}}}},
    {"scene show", "RUN", {"một lần chạy, đang hoặc đã kết thúc", "a run, under way or ended"}, {"", ""},
     cmd_scene_show, 1, 1, {WORD_RUN}, {{0}}},
    {"experiment list", "", {"các thí nghiệm của phòng", "the experiments of the room"}, {"", ""},
     cmd_experiment_list, 0, 0, {WORD_NONE}, {{0}}},
    {"experiment start", "EXPERIMENT [FIELD=TEXT...]", {"bắt đầu ghi một thí nghiệm", "start recording an experiment"},
     {"Các mục như class=10A1, group=2, operator=Lan được giữ cùng dữ liệu.",
      "Fields such as class=10A1, group=2, operator=Lan are kept with the data."},
     cmd_experiment_start, 1, -1, {WORD_EXPERIMENT, WORD_FIELD},
     {{"watch", 'w', NULL, WORD_NONE, {"xem đến khi kết thúc", "watch it until its end"}}}},
    {"experiment watch", "[EXPERIMENT|RUN]", {"xem một thí nghiệm đang ghi", "watch a recording as it grows"},
     {"Ctrl-C chỉ thôi xem; việc ghi vẫn tiếp tục.", "Ctrl-C only ends the watching; the recording goes on."},
     cmd_experiment_watch, 0, 1, {WORD_EXPERIMENT}, {{0}}},
    {"experiment stop", "[EXPERIMENT|RUN]", {"dừng ghi", "stop a recording"}, {"", ""},
     cmd_experiment_stop, 0, 1, {WORD_EXPERIMENT}, {{0}}},
    {"experiment mark", "TEXT [EXPERIMENT|RUN]", {"ghi chú vào lúc này", "make a mark at this moment"}, {"", ""},
     cmd_experiment_mark, 1, 2, {WORD_NONE, WORD_EXPERIMENT}, {{0}}},
    {"experiment sample", "[EXPERIMENT|RUN] [CHANNEL=NUMBER...]", {"lấy một mẫu bây giờ", "take one sample now"},
     {"Cho thí nghiệm lấy mẫu bằng tay.", "For experiments that are sampled by hand."},
     cmd_experiment_sample, 0, -1, {WORD_EXPERIMENT, WORD_CHANNEL}, {{0}}},
    {"run list", "", {"các lần ghi, mới nhất trước", "what was recorded, newest first"}, {"", ""},
     cmd_run_list, 0, 0, {WORD_NONE},
     {{"lines", 'n', "N", WORD_NONE, {"bao nhiêu lần (mặc định 20)", "how many (default 20)"}}}},
    {"run show", "RUN", {"một lần ghi: kênh, ghi chú, những gì mất", "one recording: channels, marks, what is missing"}, {"", ""},
     cmd_run_show, 1, 1, {WORD_RECORDING}, {{0}}},
    {"run export", "RUN", {"xuất ra tệp cho bảng tính, Python", "write it as a file for spreadsheets, Python"},
     {"Định dạng: csv, csv-vi, xlsx, hdf5, jsonl. Không nói thì theo đuôi tệp, rồi theo ngôn ngữ.",
      "Formats: csv, csv-vi, xlsx, hdf5, jsonl; by default that of the file's ending, then of your language."},
     cmd_run_export, 1, 1, {WORD_RECORDING},
     {{"output", 'o', "FILE", WORD_FILE,
       {"tên tệp hoặc thư mục; - là đầu ra chuẩn", "the file or its folder; - is standard output"}},
      {"format", 'f', "FORMAT", WORD_FORMAT, {"csv, csv-vi, xlsx, hdf5, jsonl", "csv, csv-vi, xlsx, hdf5, jsonl"}},
      {"shape", 's', "SHAPE", WORD_SHAPE,
       {"long, hoặc mỗi thời điểm một dòng: nearest, linear", "long, or a row for each time: nearest, linear"}},
      {"channels", 'c', "LIST", WORD_NONE, {"chỉ các kênh này, cách nhau bằng dấu phẩy", "only these, a comma list"}},
      {"raw", 'R', NULL, WORD_NONE, {"thêm giá trị thô, chưa hiệu chuẩn", "raw values too, before calibration"}},
      {"from", 'a', "SECONDS", WORD_NONE, {"từ giây thứ", "from this second on"}},
      {"to", 'b', "SECONDS", WORD_NONE, {"đến trước giây thứ", "until before this second"}},
      {"force", 'F', NULL, WORD_NONE, {"ghi đè tệp đã có", "write over a file that exists"}}}},
    {"run delete", "RUN...", {"xóa lần ghi", "delete recordings"},
     {"Lần ghi chưa xuất chỉ bị xóa khi có --force.", "One that was not exported is deleted with --force only."},
     cmd_run_delete, 1, -1, {WORD_RECORDING},
     {{"force", 'F', NULL, WORD_NONE, {"cả khi chưa xuất", "also if it was not exported"}}}},
    {"timetable extend", "[TIME]", {"đóng phòng muộn hơn", "close the room later"},
     {"Có thể làm nhiều lần, đến nửa đêm là cùng. Không nói TIME: bước của phòng (thường 30 phút).",
      "As often as wanted, until midnight at most. Without TIME: the room's step (usually 30 min)."},
     cmd_timetable_extend, 0, 1, {WORD_NONE}, {{0}}},
    {"timetable skip", "[HH:MM|UID]", {"bỏ qua một tiết: kịch bản của nó không được bắt đầu", "skip a lesson: its scenes are not started"},
     {"Không nói tiết nào: tiết đang học, nếu không thì tiết sắp tới.", "Without a lesson: the one under way, else the next."},
     cmd_timetable_skip, 0, 1, {WORD_NONE}, {{0}}},
    {"timetable", "[DAY]", {"thời khóa biểu: hôm nay có gì", "the timetable: what happens today"},
     {"DAY như 23/11/2026, hoặc mai.", "DAY as 2026-11-23, or tomorrow."},
     cmd_timetable, 0, 1, {WORD_NONE},
     {{"days", 'n', "N", WORD_NONE, {"nhiều ngày (đến 31)", "so many days (up to 31)"}}}},
    {"devices", "", {"danh sách thiết bị", "the devices, their profiles and lines"}, {"", ""},
     cmd_devices, 0, 0, {WORD_NONE}, {{0}}},
    {"describe", "[DEVICE]", {"phòng, hoặc các điểm và hành động của thiết bị", "the room, or a device's points and actions"}, {"", ""},
     cmd_describe, 0, 1, {WORD_DEVICE},
     {{"wot", 'w', NULL, WORD_NONE, {"dạng W3C Thing Description", "as a W3C Thing Description"}}}},
    {"journal", "", {"nhật ký: mọi thay đổi, theo thứ tự", "the journal: every change, in order"}, {"", ""},
     cmd_journal, 0, 0, {WORD_NONE},
     {{"follow", 'f', NULL, WORD_NONE, {"theo dõi tiếp, đến khi nhấn Ctrl-C", "go on with new entries, until Ctrl-C"}},
      {"lines", 'n', "N", WORD_NONE, {"số mục cuối (mặc định 20)", "how many of the last (default 20)"}},
      {"after", 'a', "NUMBER", WORD_NONE, {"từ sau mục số này", "those behind this number"}},
      {"kind", 'k', "KIND", WORD_KIND, {"chỉ loại này", "only of this kind"}},
      {"device", 'd', "DEVICE", WORD_DEVICE, {"chỉ thiết bị này", "only of this device"}}}},
    {"check", "FILE...", {"kiểm tra tệp phòng, lịch, mẫu thiết bị, lớp", "check room files, calendars, device profiles, classes"},
     {"In mọi lỗi dạng tệp:dòng: lỗi. Không cần lecternd.", "Prints every mistake as file:line: text. Needs no lecternd."},
     cmd_check, 1, -1, {WORD_FILE},
     {{"secrets", 's', "FILE", WORD_FILE, {"tệp mật khẩu", "the secrets file"}}}},
    {"doctor", "", {"tìm những gì không ổn và cách sửa", "find what is wrong and what to do"}, {"", ""},
     cmd_doctor, 0, 0, {WORD_NONE}, {{0}}},
    {"lines", "", {"các đường nối và số đếm của chúng", "the lines and their counters"}, {"", ""},
     cmd_lines, 0, 0, {WORD_NONE}, {{0}}},
    {"reload", "", {"đọc lại tệp phòng, chỉ đổi những gì đã đổi", "read the room file again, apply what changed"}, {"", ""},
     cmd_reload, 0, 0, {WORD_NONE}, {{0}}},
    {"driver list", "", {"các trình điều khiển", "the drivers"}, {"", ""}, cmd_driver_list, 0, 0, {WORD_NONE}, {{0}}},
    {"driver search", "DRIVER [ADDRESS]", {"tìm thiết bị trên mạng", "search the network for devices"}, {"", ""},
     cmd_driver_search, 1, 2, {WORD_DRIVER}, {{0}}},
    {"user list", "", {"những người được đăng nhập, và bảng đã ghép", "who may sign in, and the panels that are paired"},
     {"Tệp: --file, hoặc $LECTERN_WEB_STATE/people.db, hoặc /var/lib/lectern-web/people.db.",
      "The file is --file, else $LECTERN_WEB_STATE/people.db, else /var/lib/lectern-web/people.db."},
     cmd_user_list, 0, 0, {WORD_NONE},
     {{"file", 'f', "FILE", WORD_FILE, {"tệp người dùng", "the people's file"}}}},
    {"user add", "NAME", {"thêm người", "add a person"},
     {"Hỏi mã PIN (4 đến 12 chữ số) hoặc mật khẩu (từ 8 ký tự); facilities và admin phải có mật khẩu.",
      "Asks for a PIN (4 to 12 digits) or a password (8 characters and more); facilities and admin need a password."},
     cmd_user_add, 1, 1, {WORD_NONE},
     {{"role", 'R', "ROLE", WORD_ROLE, {"viewer, teacher, lab, facilities, admin", "viewer, teacher, lab, facilities, admin"}},
      {"label", 'l', "TEXT", WORD_NONE, {"tên để gọi, như \"Cô Lan\"", "how the person is called"}},
      {"secret-stdin", 's', NULL, WORD_NONE, {"đọc từ đầu vào chuẩn, một dòng", "read it from stdin, one line"}},
      {"file", 'f', "FILE", WORD_FILE, {"tệp người dùng", "the people's file"}}}},
    {"user change", "NAME", {"đổi vai trò, mã PIN, khóa hoặc mở", "change role, PIN or label; disable or enable"},
     {"Đổi vai trò hoặc mã PIN sẽ đăng xuất người đó ở mọi nơi.",
      "Another role or PIN signs the person out everywhere."},
     cmd_user_change, 1, 1, {WORD_PERSON},
     {{"role", 'R', "ROLE", WORD_ROLE, {"viewer, teacher, lab, facilities, admin", "viewer, teacher, lab, facilities, admin"}},
      {"label", 'l', "TEXT", WORD_NONE, {"tên để gọi, như \"Cô Lan\"", "how the person is called"}},
      {"secret", 'p', NULL, WORD_NONE, {"hỏi mã PIN hoặc mật khẩu mới", "ask for a new PIN or password"}},
      {"secret-stdin", 's', NULL, WORD_NONE, {"đọc từ đầu vào chuẩn, một dòng", "read it from stdin, one line"}},
      {"disable", 'd', NULL, WORD_NONE, {"không cho đăng nhập nữa", "the person may not sign in"}},
      {"enable", 'e', NULL, WORD_NONE, {"cho đăng nhập lại", "the person may sign in again"}},
      {"file", 'f', "FILE", WORD_FILE, {"tệp người dùng", "the people's file"}}}},
    {"user remove", "NAME", {"xóa người", "remove a person"}, {"", ""},
     cmd_user_remove, 1, 1, {WORD_PERSON},
     {{"file", 'f', "FILE", WORD_FILE, {"tệp người dùng", "the people's file"}}}},
    {"user pair", "", {"mã để ghép bảng của phòng (--room)", "a code that pairs the panel of the room (--room)"},
     {"Trình duyệt nhập mã này thành bảng riêng của phòng, không cần đăng nhập.",
      "The browser that it is entered at becomes the room's own panel, without signing in."},
     cmd_user_pair, 0, 0, {WORD_NONE},
     {{"role", 'R', "ROLE", WORD_ROLE, {"viewer, teacher (mặc định) hoặc lab", "viewer, teacher (the default) or lab"}},
      {"file", 'f', "FILE", WORD_FILE, {"tệp người dùng", "the people's file"}}}},
    {"user sign-out", "NAME", {"đăng xuất ở mọi nơi; \"kiosk PHÒNG\" gỡ bảng", "sign out everywhere; \"kiosk ROOM\" unpairs its panels"},
     {"", ""}, cmd_user_sign_out, 1, 1, {WORD_PERSON},
     {{"file", 'f', "FILE", WORD_FILE, {"tệp người dùng", "the people's file"}}}},
    {"help", "[COMMAND]", {"trợ giúp", "help"}, {"", ""}, cmd_help, 0, 2, {WORD_NONE}, {{0}}},
    {"complete", NULL, {"", ""}, {"", ""}, cmd_complete, 0, -1, {WORD_NONE}, {{0}}},
    {0},
};

static const struct {
    int code;
    struct text text;
} exits[] = {
    {EXIT_OK, {"xong", "done"}},
    {EXIT_NOT_DONE, {"không, hoặc không trọn vẹn: bị từ chối, mất kết nối, đã dừng; tệp có lỗi; giá trị không tốt",
                     "not, or not wholly: refused, away, cancelled; mistakes in files; a value that is not good"}},
    {EXIT_USAGE, {"dùng sai: lệnh, tên hoặc giá trị không có", "wrong use: no such command, name or value"}},
    {EXIT_UNREACHABLE, {"không tới được phòng", "the room cannot be reached"}},
    {EXIT_NO_ANSWER, {"không có trả lời, hoặc chưa xác nhận kịp", "no answer, or not confirmed in time"}},
    {EXIT_OURS, {"lỗi của Lectern", "a mistake of Lectern"}},
    {EXIT_INTERRUPTED, {"bị ngắt bằng Ctrl-C trước khi kết thúc", "stopped by Ctrl-C before its end"}},
};
/* clang-format on */

const struct command *command_find(const char *name, const char *second, int *words)
{
    for (const struct command *c = commands; c->name; c++) {
        size_t n = strcspn(c->name, " ");
        if (strncmp(c->name, name, n) != 0 || name[n] != '\0')
            continue;
        if (c->name[n] == '\0' || (second && strcmp(c->name + n + 1, second) == 0)) {
            *words = c->name[n] == '\0' ? 1 : 2;
            return c;
        }
    }
    return NULL;
}

const char *cli_option(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < COMMAND_OPTIONS && cli->command->options[i].name; i++)
        if (strcmp(cli->command->options[i].name, name) == 0)
            return cli->values[i];
    return NULL;
}

static void option_cells(struct table *t, const struct option_row *o)
{
    char left[64];
    if (o->letter)
        snprintf(left, sizeof left, "  -%c, --%s%s%s", o->letter, o->name, o->value ? " " : "",
                 o->value ? o->value : "");
    else
        snprintf(left, sizeof left, "      --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    table_cell(t, PLAIN, "%s", left);
    table_cell(t, PLAIN, "%s", lang_text(o->help));
}

static void print_exits(void)
{
    struct table *t = table_new(2);
    out_styled(BOLD, "%s\n", T("Mã kết thúc", "Exit codes"));
    for (size_t i = 0; i < ARRAY_LEN(exits); i++) {
        table_cell(t, PLAIN, "  %d", exits[i].code);
        table_cell(t, PLAIN, "%s", lang_text(exits[i].text));
    }
    table_print(t, false);
}

int help_all(void)
{
    out(T("lectern: điều khiển phòng học thông minh từ dòng lệnh\n\n",
          "lectern: runs a smart room from the command line\n\n"));
    out_styled(BOLD, "%s\n", T("Lệnh", "Commands"));
    struct table *t = table_new(2);
    for (const struct command *c = commands; c->name; c++) {
        if (!c->usage)
            continue;
        table_cell(t, PLAIN, "  %s %s", c->name, c->usage);
        table_cell(t, PLAIN, "%s", lang_text(c->help));
    }
    table_print(t, false);
    out_styled(BOLD, "\n%s\n", T("Tùy chọn chung", "Options of every command"));
    t = table_new(2);
    for (const struct option_row *o = global_options; o->name; o++)
        option_cells(t, o);
    table_print(t, false);
    out("\n");
    print_exits();
    return EXIT_OK;
}

int help_command(const struct command *c)
{
    out("lectern %s %s\n%s\n", c->name, c->usage, lang_text(c->help));
    if (c->more.en[0] != '\0')
        out("%s\n", lang_text(c->more));
    out("\n");
    struct table *t = table_new(2);
    for (size_t i = 0; i < COMMAND_OPTIONS && c->options[i].name; i++)
        option_cells(t, &c->options[i]);
    for (const struct option_row *o = global_options; o->name; o++)
        option_cells(t, o);
    table_print(t, false);
    return EXIT_OK;
}

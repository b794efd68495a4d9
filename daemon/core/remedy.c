/* What a person in the room can do when a device fails: by class and kind of failure, in both languages. */
#include <string.h>

#include "core/core.h"

struct remedy {
    const char *class_name; /* "": any */
    int code;
    const char *vi, *en;
};

/* The first row that fits counts: particular classes first. */
static const struct remedy remedies[] = {
    {"projector", LEC_E_LINK, "Kiểm tra nguồn điện và dây mạng của máy chiếu.",
     "Check the projector's power and network cable."},
    {"projector", LEC_E_TIMEOUT, "Chờ một phút rồi thử lại; nếu không được, rút điện máy chiếu 10 giây.",
     "Wait a minute and try again; if that does not help, unplug the projector for 10 seconds."},
    {"projector", LEC_E_REFUSED, "Máy chiếu đang bận hoặc đang nguội. Chờ đèn báo ngừng nháy rồi thử lại.",
     "The projector is busy or cooling. Wait until its light stops blinking, then try again."},
    {"projector", LEC_E_CONFIG, "Mật khẩu PJLink không đúng. Gọi bộ phận kỹ thuật.",
     "The PJLink password is wrong. Call the technician."},
    {"board", LEC_E_LINK, "Bật công tắc ở cạnh bảng và kiểm tra dây nối.",
     "Switch the board on at its side and check its cable."},
    {"board", LEC_E_TIMEOUT, "Bật công tắc ở cạnh bảng.", "Switch the board on at its side."},
    {"display", LEC_E_LINK, "Kiểm tra nguồn điện và dây mạng của màn hình.",
     "Check the display's power and network cable."},
    {"screen", LEC_E_LINK, "Dùng công tắc trên tường để kéo màn chiếu.", "Use the wall switch for the screen."},
    {"screen", LEC_E_TIMEOUT, "Nhìn xem màn chiếu có bị kẹt không; dùng công tắc trên tường.",
     "See whether the screen is stuck; use the wall switch."},
    {"light", LEC_E_LINK, "Dùng công tắc trên tường.", "Use the wall switch."},
    {"audio", LEC_E_LINK, "Kiểm tra nguồn điện của bộ âm thanh.", "Check the power of the sound system."},
    {"camera", LEC_E_LINK, "Kiểm tra nguồn điện và dây mạng của camera.",
     "Check the camera's power and network cable."},
    {"sensor", LEC_E_LINK, "Kiểm tra dây nối của cảm biến.", "Check the sensor's cable."},
    {"meter", LEC_E_LINK, "Gọi bộ phận kỹ thuật: công tơ không trả lời.",
     "Call the technician: the meter does not answer."},
    {"", LEC_E_LINK, "Kiểm tra nguồn điện và dây nối của thiết bị.", "Check the device's power and cable."},
    {"", LEC_E_TIMEOUT, "Chờ một phút rồi thử lại; nếu không được, tắt và bật lại thiết bị.",
     "Wait a minute and try again; if that does not help, switch the device off and on."},
    {"", LEC_E_FRAME, "Dữ liệu trên dây bị nhiễu. Kiểm tra dây nối.", "The line is noisy. Check the cable."},
    {"", LEC_E_REFUSED, "Thiết bị từ chối. Thử lại sau một phút.", "The device refuses. Try again in a minute."},
    {"", LEC_E_CONFIG, "Thiết lập không đúng. Gọi bộ phận kỹ thuật.", "A setting is wrong. Call the technician."},
};

/* What a point that tells of faults is about, by its name. */
static const struct {
    const char *point, *vi, *en;
} faults[] = {
    {"error.lamp", "Gọi bộ phận kỹ thuật: có thể phải thay đèn.",
     "Call the technician: the lamp may have to be replaced."},
    {"error.temperature", "Xem khe gió có bị che không; tắt máy và để nguội 15 phút.",
     "See whether the vents are covered; switch it off and let it cool for 15 minutes."},
    {"error.fan", "Tắt máy và gọi bộ phận kỹ thuật: quạt không chạy.",
     "Switch it off and call the technician: a fan does not run."},
    {"error.cover", "Đóng nắp máy cho chặt.", "Close the cover firmly."},
    {"error.filter", "Gọi bộ phận kỹ thuật vệ sinh tấm lọc bụi.", "Call the technician to clean the dust filter."},
    {"", "Tắt và bật lại thiết bị; nếu còn lỗi, gọi bộ phận kỹ thuật.",
     "Switch the device off and on; if the fault stays, call the technician."},
};

bool remedy_for_point(const struct lec_point *point, const char **vi, const char **en)
{
    if (!*point->severity)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (*faults[i].point && strcmp(faults[i].point, point->name) != 0)
            continue;
        *vi = faults[i].vi;
        *en = faults[i].en;
        return true;
    }
    return false;
}

bool remedy_for(const struct lec_device *device, int code, const char **vi, const char **en)
{
    for (size_t i = 0; i < ARRAY_LEN(remedies); i++) {
        const struct remedy *r = &remedies[i];
        if (r->code != code || (*r->class_name && strcmp(r->class_name, device->class_name) != 0))
            continue;
        *vi = r->vi;
        *en = r->en;
        return true;
    }
    return false;
}

// SPDX-License-Identifier: MIT
#include <weir/http/wire/date.h>
#include <algorithm>
#include <array>

namespace weir::http {
namespace {

constexpr UnixSeconds kDay = 24 * 60 * 60;
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kShortName = 3;

class Civil {
public:
    std::int64_t year = 0;
    int month = 0;  // 1 to 12
    int day = 0;    // 1 to 31
};

// Both as in Howard Hinnant's "chrono-compatible low-level date algorithms": years begin in March,
// so that the leap day is a year's last, and 400 of them are a period.
std::int64_t days_since_1970(const Civil& date) noexcept {
    const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const int month_from_march = date.month + (date.month > 2 ? -3 : 9);
    const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

Civil civil_from_days(std::int64_t days) noexcept {
    days += 719468;
    const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const std::int64_t day_of_era = days - era * 146097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
    Civil date;
    date.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    date.month = static_cast<int>(month_from_march + (month_from_march < 10 ? 3 : -9));
    date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
    return date;
}

int days_in_month(const Civil& date) noexcept {
    constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    const int days = kDays[static_cast<std::size_t>(date.month - 1)];
    return date.month == 2 && is_leap ? days + 1 : days;
}

/// 0 for Sunday.
std::size_t weekday(std::int64_t days) noexcept {
    constexpr std::int64_t kOfTheFirst = 4;  // 1 January 1970 was a Thursday
    return static_cast<std::size_t>(((days + kOfTheFirst) % 7 + 7) % 7);
}

void append_digits(std::string& out, std::int64_t number, int digits) {
    std::int64_t unit = 1;
    for (int i = 1; i < digits; ++i)
        unit *= 10;
    for (; unit > 0; unit /= 10)
        out.push_back(static_cast<char>('0' + number / unit % 10));
}

/// Takes a date apart from the left. Once something was not there, nothing is.
class Scanner {
public:
    explicit Scanner(std::string_view text) noexcept : rest_(text) {}

    void expect(std::string_view text) noexcept {
        if (rest_.starts_with(text)) {
            rest_.remove_prefix(text.size());
        } else {
            has_failed_ = true;
        }
    }
    int number(std::size_t digits) noexcept {
        if (rest_.size() < digits) return fail();
        int value = 0;
        for (const char byte : rest_.substr(0, digits)) {
            if (byte < '0' || byte > '9') return fail();
            value = value * 10 + (byte - '0');
        }
        rest_.remove_prefix(digits);
        return value;
    }
    /// The place in `names` of the one that comes, or of its first `length` bytes. Case matters.
    template <std::size_t N>
    int name(const std::array<std::string_view, N>& names,
             std::size_t length = std::string_view::npos) noexcept {
        for (std::size_t i = 0; i < N; ++i) {
            const std::string_view sought = names[i].substr(0, length);
            if (!rest_.starts_with(sought)) continue;
            rest_.remove_prefix(sought.size());
            return static_cast<int>(i);
        }
        return fail();
    }
    bool is_next(char byte) const noexcept { return rest_.starts_with(byte); }
    bool is_done() const noexcept { return !has_failed_ && rest_.empty(); }

private:
    int fail() noexcept {
        has_failed_ = true;
        return 0;
    }

    std::string_view rest_;
    bool has_failed_ = false;
};

class Fields {
public:
    Civil date;
    UnixSeconds time_of_day = 0;
    int weekday = 0;
    bool is_valid = true;

    void take_time(Scanner& scanner) noexcept {
        const int hour = scanner.number(2);
        scanner.expect(":");
        const int minute = scanner.number(2);
        scanner.expect(":");
        const int second = scanner.number(2);
        // A leap second, 60, is the same instant as the next minute's first.
        is_valid = is_valid && hour < 24 && minute < 60 && second <= 60;
        time_of_day = hour * 3600 + minute * 60 + second;
    }
};

/// "Sun, 06 Nov 1994 08:49:37 GMT"
void scan_fixed(Scanner& scanner, Fields& fields) noexcept {
    fields.weekday = scanner.name(kWeekdays, kShortName);
    scanner.expect(", ");
    fields.date.day = scanner.number(2);
    scanner.expect(" ");
    fields.date.month = scanner.name(kMonths) + 1;
    scanner.expect(" ");
    fields.date.year = scanner.number(4);
    scanner.expect(" ");
    fields.take_time(scanner);
    scanner.expect(" GMT");
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"
void scan_rfc850(Scanner& scanner, Fields& fields, UnixSeconds now) noexcept {
    fields.weekday = scanner.name(kWeekdays);
    scanner.expect(", ");
    fields.date.day = scanner.number(2);
    scanner.expect("-");
    fields.date.month = scanner.name(kMonths) + 1;
    scanner.expect("-");
    const std::int64_t last = civil_from_days(now / kDay).year + 50;
    const std::int64_t year = last - last % 100 + scanner.number(2);
    fields.date.year = year > last ? year - 100 : year;
    scanner.expect(" ");
    fields.take_time(scanner);
    scanner.expect(" GMT");
}

/// "Sun Nov  6 08:49:37 1994"
void scan_asctime(Scanner& scanner, Fields& fields) noexcept {
    fields.weekday = scanner.name(kWeekdays, kShortName);
    scanner.expect(" ");
    fields.date.month = scanner.name(kMonths) + 1;
    scanner.expect(" ");
    const bool is_one_digit = scanner.is_next(' ');
    if (is_one_digit) scanner.expect(" ");
    fields.date.day = scanner.number(is_one_digit ? 1 : 2);
    scanner.expect(" ");
    fields.take_time(scanner);
    scanner.expect(" ");
    fields.date.year = scanner.number(4);
}

}  // namespace

std::string http_date(UnixSeconds time) {
    constexpr UnixSeconds kFirst = -62167219200;  // 1 January 0000
    constexpr UnixSeconds kLast = 253402300799;   // the end of 9999
    time = std::clamp(time, kFirst, kLast);
    const std::int64_t days = (time >= 0 ? time : time - kDay + 1) / kDay;
    const UnixSeconds second_of_day = time - days * kDay;
    const Civil date = civil_from_days(days);
    std::string text;
    text.reserve(29);
    text += kWeekdays[weekday(days)].substr(0, kShortName);
    text += ", ";
    append_digits(text, date.day, 2);
    text += ' ';
    text += kMonths[static_cast<std::size_t>(date.month - 1)];
    text += ' ';
    append_digits(text, date.year, 4);
    text += ' ';
    append_digits(text, second_of_day / 3600, 2);
    text += ':';
    append_digits(text, second_of_day / 60 % 60, 2);
    text += ':';
    append_digits(text, second_of_day % 60, 2);
    text += " GMT";
    return text;
}

std::optional<UnixSeconds> parse_http_date(std::string_view text, UnixSeconds now) {
    constexpr std::size_t kComma = 3;  // only the fixed form has it there
    Scanner scanner(text);
    Fields fields;
    if (text.size() > kComma && text[kComma] == ',') {
        scan_fixed(scanner, fields);
    } else if (text.find(',') != std::string_view::npos) {
        scan_rfc850(scanner, fields, now);
    } else {
        scan_asctime(scanner, fields);
    }
    if (!scanner.is_done() || !fields.is_valid) return std::nullopt;
    if (fields.date.day < 1 || fields.date.day > days_in_month(fields.date)) return std::nullopt;
    const std::int64_t days = days_since_1970(fields.date);
    if (weekday(days) != static_cast<std::size_t>(fields.weekday)) return std::nullopt;
    return days * kDay + fields.time_of_day;
}

}  // namespace weir::http

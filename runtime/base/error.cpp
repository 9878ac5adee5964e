// SPDX-License-Identifier: MIT
#include <weir/runtime/base/error.h>
#include <utility>

namespace weir {
namespace {

class RuntimeCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "weir"; }

    std::string message(int value) const override {
        switch (static_cast<Errc>(value)) {
            case Errc::timed_out:
                return "the deadline passed before the work was done";
            case Errc::stream_ended:
                return "the peer closed the connection where more bytes were promised";
            case Errc::stream_poisoned:
                return "an earlier write on this stream failed, or was cancelled half-way";
            case Errc::name_not_found:
                return "the host name does not resolve to an address";
            case Errc::name_server_failed:
                return "the name service could not answer now";
            case Errc::bad_argument:
                return "an argument cannot be used";
            case Errc::unsupported:
                return "not supported on this machine";
            case Errc::limit_reached:
                return "a configured limit was reached";
            case Errc::cancelled:
                return "the task was cancelled";
            case Errc::channel_closed:
                return "the channel is closed";
            case Errc::reactor_ended:
                return "the loop that was asked has ended";
            case Errc::task_threw:
                return "a task ended by an exception";
        }
        return "unknown weir error " + std::to_string(value);
    }
};

// What to do about those of the kernel's errors that a setting mends.
std::string_view advice_for(const std::error_code& code) {
    if (code.category() != std::system_category()) return "";
    switch (static_cast<std::errc>(code.value())) {
        case std::errc::too_many_files_open:
            return " (raise `ulimit -n` or lower the concurrency)";
        case std::errc::too_many_files_open_in_system:
            return " (all programs of this machine together: raise `sysctl fs.file-max`)";
        default:
            return "";
    }
}

}  // namespace

const std::error_category& runtime_category() noexcept {
    static const RuntimeCategory category;
    return category;
}

std::error_code make_error_code(Errc code) noexcept {
    return std::error_code(static_cast<int>(code), runtime_category());
}

Error::Error(std::error_code code, std::string message) : Error(code) {
    details().message = std::move(message);
}

Error::Error(const Error& other) : category_(other.category_), value_(other.value_) {
    if (other.details_) details_ = std::make_unique<Details>(*other.details_);
}

Error& Error::operator=(const Error& other) {
    if (this != &other) *this = Error(other);
    return *this;
}

Error Error::from_errno(int number, std::string_view doing) {
    return from_errno(number).with_context(doing);
}

Error Error::from_exception(std::exception_ptr exception) {
    Error error(Errc::task_threw);
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& caught) {
        error.details().message = caught.what();
    } catch (...) {
        error.details().message = "an exception that is no std::exception";
    }
    error.details().exception = std::move(exception);
    return error;
}

std::exception_ptr Error::exception() const noexcept {
    return details_ ? details_->exception : nullptr;
}

std::string Error::message() const {
    if (details_ && !details_->message.empty()) return details_->message;
    return category_->message(value_).append(advice_for(code()));
}

Error&& Error::with_context(std::string_view context) && {
    std::string whole(context);
    whole += ": ";
    whole += message();
    details().message = std::move(whole);
    return std::move(*this);
}

std::optional<bool> Error::worth_retry() const noexcept {
    return details_ ? details_->worth_retry : std::nullopt;
}

Duration Error::retry_after() const noexcept {
    return details_ ? details_->retry_after : Duration::zero();
}

Error&& Error::with_retry(bool worth_it, Duration after) && {
    details().worth_retry = worth_it;
    details().retry_after = after;
    return std::move(*this);
}

Error::Details& Error::details() {
    if (!details_) details_ = std::make_unique<Details>();
    return *details_;
}

}  // namespace weir

#include "edge/net/first_heads.h"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "core/base/limits.h"

namespace tidegate::net {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kUpgrade = "upgrade:";

/// Level-triggered readiness would come again and again for the bytes that are left in the socket:
/// it is asked for when there are more than these.
void wake_beyond(int fd, std::size_t seen) {
  const int wanted = static_cast<int>(seen) + 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
}

std::string read_head(int fd, std::size_t bytes) {
  std::string head(bytes, '\0');
  const ssize_t size = recv(fd, head.data(), bytes, 0);
  head.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return head;
}

template <typename Handle>
void close_and_free(Handle* handle) {
  uv_close(reinterpret_cast<uv_handle_t*>(handle),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

}  // namespace

std::size_t head_bytes(std::string_view begin) {
  const std::size_t end = begin.find(kEndOfHead);
  return end == std::string_view::npos ? 0 : end + kEndOfHead.size();
}

bool asks_for_upgrade(std::string_view head) {
  for (std::size_t end = head.find("\r\n"); end != std::string_view::npos;
       end = head.find("\r\n", end + 2)) {
    const std::string_view line = head.substr(end + 2, kUpgrade.size());
    if (line.size() == kUpgrade.size() &&
        strncasecmp(line.data(), kUpgrade.data(), kUpgrade.size()) == 0) {
      return true;
    }
  }
  return false;
}

FirstHeads::FirstHeads(uv_loop_t* loop, Duration deadline, Ready ready, Closed closed)
    : loop_(loop),
      deadline_ms_(static_cast<std::uint64_t>(
          std::chrono::ceil<std::chrono::milliseconds>(deadline).count())),
      ready_(std::move(ready)),
      closed_(std::move(closed)),
      timer_(new uv_timer_t) {
  uv_timer_init(loop_, timer_);
  timer_->data = this;
}

FirstHeads::~FirstHeads() {
  while (!waiting_.empty()) {
    close(release(waiting_.front()));
  }
  close_and_free(timer_);
}

void FirstHeads::add(int fd) {
  Waiting& waiting = waiting_.emplace_back();
  waiting = {fd, uv_now(loop_) + deadline_ms_, 0, this, new uv_poll_t, std::prev(waiting_.end())};
  uv_poll_init(loop_, waiting.watch, fd);
  waiting.watch->data = &waiting;
  uv_poll_start(waiting.watch, UV_READABLE, [](uv_poll_t* watch, int status, int) {
    auto& one = *static_cast<Waiting*>(watch->data);
    if (status < 0) {
      one.owner->close_waiting(one);  // reset: nothing more would be told of it
      return;
    }
    one.owner->handle_readable(one);
  });
  if (waiting_.size() == 1) {
    arm_timer();
  }
}

void FirstHeads::drain() {
  while (!waiting_.empty()) {
    const Waiting& waiting = waiting_.front();
    const Sight sight = look_into(waiting.fd);
    if (std::holds_alternative<Incomplete>(sight)) {
      close_waiting(waiting);
    } else {
      hand_over(waiting, sight);
    }
  }
}

FirstHeads::Sight FirstHeads::judge(std::string_view begin) {
  const std::size_t size = head_bytes(begin);
  if (size > 0) {
    return asks_for_upgrade(begin.substr(0, size)) ? Sight(Upgrade{size}) : Sight(AnyRequest{});
  }
  const bool could_be_one = begin.front() >= 'A' && begin.front() <= 'Z';
  if (!could_be_one || begin.size() >= limits::first_head_bytes_max) {
    return AnyRequest{};  // the library refuses it
  }
  return Incomplete{begin.size()};
}

FirstHeads::Sight FirstHeads::look_into(int fd) {
  std::array<char, limits::first_head_bytes_max> bytes;
  const ssize_t size = recv(fd, bytes.data(), bytes.size(), MSG_PEEK);
  if (size > 0) {
    return judge({bytes.data(), static_cast<std::size_t>(size)});
  }
  return size < 0 && (errno == EAGAIN || errno == EINTR) ? Sight(Incomplete{}) : Sight(Ended{});
}

void FirstHeads::handle_readable(Waiting& waiting) {
  Sight sight = look_into(waiting.fd);
  if (const auto* incomplete = std::get_if<Incomplete>(&sight)) {
    if (incomplete->seen > waiting.seen) {
      waiting.seen = incomplete->seen;
      wake_beyond(waiting.fd, waiting.seen);
      return;
    }
    if (incomplete->seen == 0) {
      return;  // woken for nothing
    }
    // Woken, and not one byte more: the client has ended there, or the system has no room for more.
    // Either way the library goes on with what there is.
    sight = AnyRequest{};
  }
  hand_over(waiting, sight);
}

void FirstHeads::hand_over(const Waiting& waiting, const Sight& sight) {
  if (std::holds_alternative<Ended>(sight)) {
    close_waiting(waiting);
    return;
  }
  if (waiting.seen > 0) {
    wake_beyond(waiting.fd, 0);
  }
  const int fd = release(waiting);
  const auto* upgrade = std::get_if<Upgrade>(&sight);
  ready_(fd, upgrade != nullptr ? read_head(fd, upgrade->bytes) : std::string());
}

void FirstHeads::handle_deadline() {
  while (!waiting_.empty() && waiting_.front().deadline_ms <= uv_now(loop_)) {
    close_waiting(waiting_.front());
  }
  arm_timer();
}

void FirstHeads::arm_timer() {
  if (waiting_.empty()) {
    uv_timer_stop(timer_);
    return;
  }
  const std::uint64_t now_ms = uv_now(loop_);
  const std::uint64_t wait_ms = std::max(waiting_.front().deadline_ms, now_ms) - now_ms;
  uv_timer_start(
      timer_, [](uv_timer_t* timer) { static_cast<FirstHeads*>(timer->data)->handle_deadline(); },
      wait_ms, 0);
}

int FirstHeads::release(const Waiting& waiting) {
  const int fd = waiting.fd;
  close_and_free(waiting.watch);  // from here on another may watch the socket
  waiting_.erase(waiting.place);
  return fd;
}

void FirstHeads::close_waiting(const Waiting& waiting) {
  close(release(waiting));
  closed_();
}

}  // namespace tidegate::net

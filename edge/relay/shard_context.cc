#include "edge/relay/shard_context.h"

#include <utility>

namespace tidegate::relay {
namespace {

template <typename T>
std::optional<T> take_front(std::deque<T>& queue) {
  if (queue.empty()) {
    return std::nullopt;
  }
  std::optional<T> front(std::move(queue.front()));
  queue.pop_front();
  return front;
}

}  // namespace

void ShardContext::send(std::uint16_t to, ShardMessage message) {
  if (to == options.shard) {
    own_messages_.push_back(std::move(message));
  } else {
    effects_.push_back(ShardSend{to, std::move(message)});
  }
}

void ShardContext::log(LogLevel level, std::string text) {
  if (log_lines_.size() >= limits::log_lines_max) {
    ++log_lines_dropped_;
    return;
  }
  log_lines_.push_back(LogLine{level, std::move(text)});
}

std::optional<RelayEffect> ShardContext::poll_effect() { return take_front(effects_); }

std::optional<ShardMessage> ShardContext::poll_own_message() { return take_front(own_messages_); }

std::optional<LogLine> ShardContext::poll_log() {
  if (log_lines_.empty() && log_lines_dropped_ > 0) {
    const std::uint64_t dropped = std::exchange(log_lines_dropped_, 0);
    return LogLine{LogLevel::Warning, std::to_string(dropped) + " log lines were dropped"};
  }
  return take_front(log_lines_);
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  return out;
}

}  // namespace tidegate::relay

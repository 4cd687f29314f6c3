#include "edge/net/lws_log.h"

#include <libwebsockets.h>

#include <mutex>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "edge/net/clock.h"

namespace tidegate::net {
namespace {

struct Sinks {
  std::mutex mutex;
  std::vector<std::pair<std::uint64_t, LwsLogScope::Sink>> sinks;
  std::uint64_t next_id = 1;
  LineRate rate{limits::library_log_lines_per_second_max};
};

Sinks& sinks() {
  static Sinks instance;  // lws_set_log_level is the process's, hence so is this
  return instance;
}

std::string trimmed(const char* line) {
  std::string text = line;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

void emit(int level, const char* line) {
  Sinks& all = sinks();
  const std::lock_guard<std::mutex> lock(all.mutex);
  std::uint64_t suppressed = 0;
  if (all.sinks.empty() || !all.rate.admit(real_now().monotonic, suppressed)) {
    return;
  }
  std::string text = "libwebsockets: " + trimmed(line);
  if (suppressed > 0) {
    text += " (" + std::to_string(suppressed) + " further lines were held back)";
  }
  // Nearly all of these are provoked by a peer, so none of them is an error of ours.
  all.sinks.front().second(relay::LogLine{
      level == LLL_ERR ? relay::LogLevel::Warning : relay::LogLevel::Info, std::move(text)});
}

}  // namespace

LwsLogScope::LwsLogScope(Sink sink) {
  Sinks& all = sinks();
  const std::lock_guard<std::mutex> lock(all.mutex);
  id_ = all.next_id++;
  if (all.sinks.empty()) {
    lws_set_log_level(LLL_ERR | LLL_WARN, emit);
  }
  all.sinks.emplace_back(
      id_, sink ? std::move(sink) : [](const relay::LogLine&) {});
}

LwsLogScope::~LwsLogScope() {
  Sinks& all = sinks();
  const std::lock_guard<std::mutex> lock(all.mutex);
  std::erase_if(all.sinks, [this](const auto& entry) { return entry.first == id_; });
}

bool LineRate::admit(Instant now, std::uint64_t& suppressed) {
  if (now - second_begin_ >= std::chrono::seconds{1}) {
    second_begin_ = now;
    lines_ = 0;
  }
  if (lines_ >= lines_per_second_) {
    ++held_back_;
    return false;
  }
  ++lines_;
  suppressed = held_back_;
  held_back_ = 0;
  return true;
}

}  // namespace tidegate::net

#include "edge/net/lws_log.h"

#include <libwebsockets.h>

#include <mutex>
#include <string>
#include <utility>

namespace tidegate::net {
namespace {

struct Library {
  std::mutex mutex;
  std::size_t users = 0;
  LwsLogScope::Sink sink;  // of the only user
};

Library& library() {
  static Library instance;  // lws_set_log_level is the process's, hence so is this
  return instance;
}

void hush_library() { lws_set_log_level(0, nullptr); }

std::string trimmed(const char* line) {
  std::string text = line;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

void emit(int level, const char* line) {
  const std::lock_guard<std::mutex> lock(library().mutex);
  if (library().sink) {
    library().sink(
        relay::LogLine{level == LLL_ERR ? relay::LogLevel::Warning : relay::LogLevel::Info,
                       "libwebsockets: " + trimmed(line)});
  }
}

}  // namespace

LwsLogScope::LwsLogScope(Sink sink) {
  const std::lock_guard<std::mutex> lock(library().mutex);
  if (++library().users == 1) {
    library().sink = std::move(sink);
    lws_set_log_level(LLL_ERR | LLL_WARN, emit);
  } else {
    hush_library();
  }
}

LwsLogScope::~LwsLogScope() {
  const std::lock_guard<std::mutex> lock(library().mutex);
  --library().users;
  library().sink = nullptr;
  hush_library();
}

void LwsLogScope::hush() {
  const std::lock_guard<std::mutex> lock(library().mutex);
  hush_library();
}

}  // namespace tidegate::net

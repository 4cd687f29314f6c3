// The relay's log: lines on standard error, as text for people or as JSON for collectors. No line
// holds a token, a secret or a payload; whoever writes one sees to that.
#pragma once

#include <memory>
#include <string_view>

#include "edge/app/config.h"

namespace spdlog {
class logger;
}

namespace tidegate::app {

class Log {
 public:
  explicit Log(const LogSettings& settings);
  ~Log();

  /// Thread-safe.
  void write(const relay::LogLine& line);
  void set_level(relay::LogLevel level);
  void write(relay::LogLevel level, std::string text) { write({level, std::move(text)}); }

 private:
  LogFormat format_;
  std::unique_ptr<spdlog::logger> logger_;
};

/// The text as a JSON string, with its quotes.
std::string json_quoted(std::string_view text);

}  // namespace tidegate::app

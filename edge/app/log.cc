#include "edge/app/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace tidegate::app {
namespace {

spdlog::level::level_enum level_of(relay::LogLevel level) {
  switch (level) {
    case relay::LogLevel::Debug:
      return spdlog::level::debug;
    case relay::LogLevel::Info:
      return spdlog::level::info;
    case relay::LogLevel::Warning:
      return spdlog::level::warn;
    case relay::LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// What a peer may have put into a line cannot begin another one.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line;
}

}  // namespace

Log::Log(const LogSettings& settings)
    : format_(settings.format),
      logger_(std::make_unique<spdlog::logger>("tidegate",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  const char* pattern = format_ == LogFormat::Json
                            ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})"
                            : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
  logger_->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  logger_->set_level(level_of(settings.level));
  logger_->flush_on(spdlog::level::warn);
}

void Log::set_level(relay::LogLevel level) { logger_->set_level(level_of(level)); }

Log::~Log() { logger_->flush(); }

void Log::write(const relay::LogLine& line) {
  const spdlog::level::level_enum level = level_of(line.level);
  if (!logger_->should_log(level)) return;
  logger_->log(level, format_ == LogFormat::Json ? json_quoted(line.text) : on_one_line(line.text));
}

std::string json_quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace tidegate::app

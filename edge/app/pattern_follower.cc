#include "edge/app/pattern_follower.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/access/channel_pattern.h"
#include "edge/app/quantity.h"

namespace tidegate::app {
namespace {

std::optional<StreamPosition> position_in(std::string_view record) {
  const auto json = nlohmann::json::parse(record, nullptr, false);
  if (!json.is_object() || !json.contains("epoch") || !json.contains("offset")) return std::nullopt;
  if (!json["epoch"].is_string() || !json["offset"].is_string()) return std::nullopt;
  auto epoch = Epoch::parse(json["epoch"].get<std::string>());
  const auto offset = parse_count(json["offset"].get<std::string>());
  if (!epoch || !offset) return std::nullopt;
  return StreamPosition{std::move(epoch).value(), Offset{*offset}};
}

}  // namespace

bool is_pattern(std::string_view name) {
  return !ChannelName::parse(name).ok() && ChannelPattern::parse(name).ok();
}

std::string pattern_filter(std::string_view pattern) {
  return nlohmann::json{{"pattern", pattern}}.dump();
}

std::optional<MatchedChannel> PatternFollower::handle_record(std::string_view channel,
                                                             std::string_view record) {
  auto name = ChannelName::parse(channel);
  auto since = position_in(record);
  if (!name || !since) return std::nullopt;  // of a relay that lists in another way
  if (is_live_) return MatchedChannel{std::move(name).value(), std::move(since)};
  present_.push_back({std::move(name).value(), std::nullopt});
  return std::nullopt;
}

std::vector<MatchedChannel> PatternFollower::handle_live() {
  is_live_ = true;
  return std::exchange(present_, {});
}

}  // namespace tidegate::app

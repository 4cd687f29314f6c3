// Which store the relay has: chosen by the configuration, opened when it serves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "edge/app/config.h"
#include "edge/store/store.h"

namespace tidegate::app {

/// What is wrong with the settings, or with the place they name; nullopt: nothing. Nothing is
/// created and no file is opened.
std::optional<std::string> store_problem(const StoreSettings& settings);

/// The store in words, for `check` and `serve`.
std::string describe_store(const StoreSettings& settings);

/// What a store is told of the configuration, at the start and whenever it is read anew.
store::StoreRules store_rules(const relay::RelayConfig& config);

/// nullptr for the one in memory, which every relay brings along.
Result<std::shared_ptr<store::Store>> open_store(const Config& config, std::uint64_t entropy,
                                                 std::function<void(const relay::LogLine&)> log);

}  // namespace tidegate::app

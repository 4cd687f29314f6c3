// Ranges decide, also for codes that nobody knows yet.
#include "core/protocol/codes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tidegate {
namespace {

TEST(DisconnectAdvice, FollowsTheRange) {
  const auto advice = [](auto code) { return disconnect_advice(static_cast<std::uint16_t>(code)); };
  EXPECT_EQ(advice(DisconnectCode::Restarting), DisconnectAdvice::Reconnect);
  EXPECT_EQ(advice(4099), DisconnectAdvice::Reconnect);
  EXPECT_EQ(advice(DisconnectCode::TokenExpired), DisconnectAdvice::RenewToken);
  EXPECT_EQ(advice(4199), DisconnectAdvice::RenewToken);
  EXPECT_EQ(advice(4200), DisconnectAdvice::Reconnect);
  EXPECT_EQ(advice(4499), DisconnectAdvice::Reconnect);
  EXPECT_EQ(advice(DisconnectCode::MalformedFrame), DisconnectAdvice::Stop);
  EXPECT_EQ(advice(4999), DisconnectAdvice::Stop);
}

TEST(DisconnectAdvice, StandardCloseCodes) {
  for (const std::uint16_t code :
       std::initializer_list<std::uint16_t>{1002, 1003, 1007, 1008, 1009, 1010}) {
    EXPECT_EQ(disconnect_advice(code), DisconnectAdvice::Stop) << code;
  }
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{
           0, 1000, 1001, 1005, 1006, 1011, 1012, 1013, 1015, 3000}) {
    EXPECT_EQ(disconnect_advice(code), DisconnectAdvice::Reconnect) << code;
  }
}

TEST(Codes, NamesAreDistinctAndUnknownOnesSaySo) {
  std::set<std::string_view> names;
  std::size_t count = 0;
  for (std::uint16_t value = 4000; value < 5000; ++value) {
    const std::string_view name = disconnect_code_name(DisconnectCode{value});
    if (name == "unknown") continue;
    ++count;
    names.insert(name);
  }
  EXPECT_EQ(count, 13u);
  EXPECT_EQ(names.size(), count);
  EXPECT_EQ(disconnect_code_name(DisconnectCode::Restarting), "restarting");
  EXPECT_EQ(unsubscribe_code_name(UnsubscribeCode::Insufficient), "insufficient");
  EXPECT_EQ(unsubscribe_code_name(UnsubscribeCode{2999}), "unknown");
  EXPECT_EQ(snapshot_reason_name(SnapshotReason::HistoryExceeded), "history_exceeded");
  EXPECT_EQ(snapshot_reason_name(static_cast<SnapshotReason>(9)), "unknown");
}

TEST(UnsubscribeCode, TheRangeSaysWhetherToComeBack) {
  EXPECT_TRUE(may_resubscribe(2000));
  EXPECT_TRUE(may_resubscribe(2499));
  EXPECT_FALSE(may_resubscribe(2500));
  EXPECT_FALSE(may_resubscribe(2999));
}

}  // namespace
}  // namespace tidegate

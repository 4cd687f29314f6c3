// Lines that scripts read: valid JSON, one line, payloads untouched.
#include "edge/app/delivery_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge/app/log.h"

namespace tidegate::app {
namespace {

const Epoch kEpoch = Epoch::parse("epoch-1").value();

BlockRow row(std::string_view payload, PayloadKind kind = PayloadKind::Json) {
  BlockRow row;
  row.offset = Offset{18446744073709551615ULL};
  row.time = wall_from_ms(1'767'225'600'123);
  row.event_id = "id\"1";
  row.payload_kind = kind;
  row.payload = as_bytes(payload);
  return row;
}

TEST(DeliveryText, Json) {
  const std::string line =
      delivery_json("a:b", kEpoch, row("{\"n\":12345678901234567890,\n\"f\":1.0}"), "e");
  EXPECT_EQ(
      line,
      R"({"channel":"a:b","epoch":"epoch-1","offset":"18446744073709551615","time":1767225600123,)"
      R"("event":"e","event_id":"id\"1","data":{"n":12345678901234567890, "f":1.0}})");
  EXPECT_TRUE(nlohmann::json::accept(line));
}

TEST(DeliveryText, Bytes) {
  const nlohmann::json line = nlohmann::json::parse(
      delivery_json("a", kEpoch, row(std::string_view("\0\xFF\n", 3), PayloadKind::Binary), ""));
  EXPECT_EQ(line["data_base64"], "AP8K");
  EXPECT_FALSE(line.contains("data"));
}

TEST(DeliveryText, Lines) {
  EXPECT_EQ(delivery_line("a:b", kEpoch, row("[1]"), "e"),
            "a:b epoch-1:18446744073709551615 e [1]");
  EXPECT_EQ(delivery_line("a:b", kEpoch, row("[1]"), ""), "a:b epoch-1:18446744073709551615 - [1]");
}

TEST(DeliveryText, States) {
  EXPECT_EQ(state_line({ClientState::Live, 0, 0, 0, ""}), "live");
  EXPECT_EQ(state_line({ClientState::Reconnecting, 1006, 2, 500, "lost"}),
            "reconnecting: lost (1006), again in 500 ms");
  EXPECT_EQ(error_line({ErrorCode::Forbidden, "no", 0}), "forbidden: no");
}

TEST(Log, QuotesWhatItIsGiven) {
  EXPECT_EQ(json_quoted("a\"b\n"), R"("a\"b\n")");
  EXPECT_TRUE(nlohmann::json::accept(json_quoted("\xFF")));
}

}  // namespace
}  // namespace tidegate::app

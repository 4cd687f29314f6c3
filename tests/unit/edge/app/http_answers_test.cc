// Errors over HTTP, as text.
#include "edge/app/http_answers.h"

#include <gtest/gtest.h>

#include <memory>

namespace tidegate::app {
namespace {

using nlohmann::json;

Error conflict_with(CurrentRecord current) {
  return Error{ErrorCode::VersionMismatch, "it was changed", 0,
               std::make_shared<const CurrentRecord>(std::move(current))};
}

CurrentRecord record(std::string payload) {
  CurrentRecord current;
  current.version = 7;
  current.payload = std::move(payload);
  return current;
}

TEST(HttpAnswers, AnErrorSaysWhatItIs) {
  const json error = json::parse(error_json(Error{ErrorCode::EpochMismatch, "another \xFF", 0}));
  EXPECT_EQ(error, json({{"code", 306},
                         {"name", "epoch_mismatch"},
                         {"message", "another \xEF\xBF\xBD"},
                         {"temporary", false}}));
}

TEST(HttpAnswers, TheRecordOfAConflictStandsInItByteForByte) {
  for (const std::string payload :
       {"1e400", R"({"n":123456789012345678901234567890,"a":1.0,"a":2})", "\"\\u00e9\"", "null"}) {
    const std::string body = error_answer(conflict_with(record(payload))).body;
    EXPECT_TRUE(body.ends_with(R"("current":{"version":"7","data":)" + payload + "}}}")) << body;
    EXPECT_TRUE(body.starts_with(R"({"error":{)")) << body;
  }
}

TEST(HttpAnswers, ABinaryRecordIsBase64AndNoneIsNull) {
  CurrentRecord binary = record(std::string("\0\xFF", 2));
  binary.is_binary = true;
  EXPECT_EQ(json::parse(error_json(conflict_with(binary)))["current"],
            json({{"version", "7"}, {"dataBase64", "AP8="}}));
  EXPECT_TRUE(json::parse(error_json(conflict_with(CurrentRecord{})))["current"].is_null());
}

}  // namespace
}  // namespace tidegate::app

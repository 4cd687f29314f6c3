// Bodies of POST /v1/publish, as publishers in many languages send them.
#include "edge/app/publish_body.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate::app {
namespace {

PublishMessage single(const std::string& body, std::string_view key = "") {
  auto parsed = parse_publish_body(body, key);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_FALSE(parsed->is_batch);
  EXPECT_EQ(parsed->messages.size(), 1U);
  EXPECT_TRUE(parsed->messages[0].ok()) << parsed->messages[0].error().message;
  return std::move(parsed->messages[0]).value();
}

/// What is wrong with the body, or with its only message.
Error refusal(const std::string& body) {
  auto parsed = parse_publish_body(body, "");
  if (!parsed) return parsed.error();
  if (parsed->messages.size() == 1 && !parsed->messages[0]) return parsed->messages[0].error();
  return Error{ErrorCode::Internal, "(accepted)", 0};
}

void expect_bad(const std::string& body, const std::string& words,
                ErrorCode code = ErrorCode::BadRequest) {
  const Error error = refusal(body);
  EXPECT_EQ(error.code, code) << body << ": " << error.message;
  EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
}

TEST(PublishBody, OneMessageWithEverything) {
  const PublishMessage message = single(
      R"({"channel":"a:b","event":"e","eventId":"7","key":"k","ifEpoch":"abc","data":{"x":1}})",
      "idem");
  EXPECT_EQ(message.channel.str(), "a:b");
  EXPECT_EQ(message.draft.event, "e");
  EXPECT_EQ(message.draft.event_id, "7");
  EXPECT_EQ(message.draft.key, "k");
  EXPECT_EQ(message.draft.if_epoch->token(), "abc");
  EXPECT_EQ(message.draft.idempotency_key, "idem");
  EXPECT_EQ(message.draft.payload_kind, PayloadKind::Json);
  EXPECT_EQ(as_text(message.draft.payload), R"({"x":1})");
}

TEST(PublishBody, PayloadsKeepTheirSpelling) {
  for (const char* data : {"12345678901234567890123", "1.0", "1e400", "-0.0", R"("\u00e9\/")",
                           R"({ "b" : 1 , "a":2, "a" : [ 1.50 ] })", "null", "\"\xC3\xA9\""}) {
    const PublishMessage message =
        single(R"({"data": )" + std::string(data) + R"( ,"channel":"a"})");
    EXPECT_EQ(as_text(message.draft.payload), data);
  }
}

TEST(PublishBody, Bytes) {
  const PublishMessage message = single(R"({"channel":"a","dataBase64":"AP9/"})");
  EXPECT_EQ(message.draft.payload_kind, PayloadKind::Binary);
  EXPECT_EQ(message.draft.payload, (Bytes{0x00, 0xFF, 0x7F}));
  expect_bad(R"({"channel":"a","dataBase64":"AP9_"})", "dataBase64");
  expect_bad(R"({"channel":"a","dataBase64":"AA"})", "dataBase64");
  expect_bad(R"({"channel":"a","dataBase64":5})", "dataBase64");
  expect_bad(R"({"channel":"a","dataBase64":"AA==","data":1})", "not both");
}

TEST(PublishBody, ABatchKeepsEveryMessageInItsPlace) {
  const auto parsed = parse_publish_body(
      R"({"messages":[{"channel":"a","data":1},{"channel":"","data":2},7,{"channel":"b","data":3}]})",
      "run-1");
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->is_batch);
  ASSERT_EQ(parsed->messages.size(), 4U);
  EXPECT_EQ(parsed->messages[0]->draft.idempotency_key, "run-1#0");
  EXPECT_EQ(parsed->messages[1].error().code, ErrorCode::InvalidChannel);
  EXPECT_EQ(parsed->messages[2].error().code, ErrorCode::BadRequest);
  EXPECT_EQ(parsed->messages[3]->draft.idempotency_key, "run-1#3");
  EXPECT_EQ(as_text(parsed->messages[3]->draft.payload), "3");
}

TEST(PublishBody, ABatchWhoseKeyLeavesNoRoomForNumbersIsRefusedAsAWhole) {
  std::string list = R"({"channel":"a","data":1})";
  for (int i = 1; i < 12; ++i) list += R"(,{"channel":"a","data":1})";
  const std::string body = "{\"messages\":[" + list + "]}";
  const std::string longest(limits::idempotency_key_bytes_max - 3, 'k');  // and "#11"
  EXPECT_TRUE(parse_publish_body(body, longest).ok());
  const auto refused = parse_publish_body(body, longest + "k");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::BadRequest);
  EXPECT_NE(refused.error().message.find("at most 125 bytes"), std::string::npos);
}

TEST(PublishBody, NotJson) {
  expect_bad("", "the body", ErrorCode::InvalidPayload);
  expect_bad("{", "the body", ErrorCode::InvalidPayload);
  expect_bad(R"({"channel":"a","data":01})", "leading zero", ErrorCode::InvalidPayload);
  expect_bad(R"({"channel":"a","data":1} x)", "more than one", ErrorCode::InvalidPayload);
  expect_bad("{\"channel\":\"a\",\"data\":\"\xFF\"}", "UTF-8", ErrorCode::InvalidPayload);
  const std::string deep =
      std::string(limits::json_depth_max + 3, '[') + std::string(limits::json_depth_max + 3, ']');
  expect_bad(R"({"channel":"a","data":)" + deep + "}", "nested too deeply",
             ErrorCode::InvalidPayload);
}

TEST(PublishBody, FieldsThatAreWrongAreNamed) {
  expect_bad("[]", "a JSON object");
  expect_bad("7", "a JSON object");
  expect_bad("{}", "channel is missing");
  expect_bad(R"({"data":1})", "channel is missing");
  expect_bad(R"({"channel":"a"})", "data is missing");
  expect_bad(R"({"channel":7,"data":1})", "channel must be a string");
  expect_bad(R"({"channel":"a","data":1,"event":null})", "event must be a string");
  expect_bad(R"({"channel":"a","data":1,"eventId":9})", "eventId must be a string");
  expect_bad(R"({"channel":"a","data":1,"ifEpoch":9})", "ifEpoch must be a string");
  expect_bad(R"({"channel":"a","data":1,"ifEpoch":"a b"})", "ifEpoch");
  expect_bad(R"({"channel":"a","data":1,"ifVersion":"007"})", "ifVersion must be");
  expect_bad(R"({"channel":"a","data":1,"event_id":"9"})", "did you mean \"eventId\"?");
  expect_bad(R"({"channel":"a","data":1,"whither":"9"})", "unknown field, \"whither\". Known are");
  expect_bad(R"({"channel":"a","data":1,"idempotencyKey":"9"})", "a header, Idempotency-Key");
  expect_bad(R"({"channel":"a","data":1,"data":2})", "data twice");
  expect_bad(R"({"channel":"a","\u0064ata":1,"data":2})", "data twice");
  expect_bad(R"({"channel":"a::b","data":1})", "", ErrorCode::InvalidChannel);
  expect_bad(R"({"messages":{}})", "messages must be a list");
  expect_bad(R"({"messages":[]})", "at least one");
  expect_bad(R"({"messages":[],"channel":"a"})", "no other field");
}

TEST(PublishBody, ABatchMayHaveSoManyMessagesAndNotOneMore) {
  std::string list;
  for (std::size_t i = 0; i < limits::publish_batch_entries_max; ++i) {
    list += (i == 0 ? "" : ",") + std::string(R"({"channel":"a","data":1})");
  }
  const auto most = parse_publish_body("{\"messages\":[" + list + "]}", "");
  ASSERT_TRUE(most.ok());
  EXPECT_EQ(most->messages.size(), limits::publish_batch_entries_max);
  const auto over = parse_publish_body("{\"messages\":[" + list + ",1]}", "");
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace tidegate::app

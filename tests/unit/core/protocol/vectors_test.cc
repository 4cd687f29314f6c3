// The golden vectors of tests/vectors, which were written by hand from docs/PROTOCOL.md: each
// decodes to its fields, and its fields encode to exactly its bytes. A JavaScript decoder reads the
// same files.
#include <gtest/gtest.h>

#include <set>

#include "core/protocol/frame_decoder.h"
#include "tests/unit/core/protocol/vector_json.h"

namespace tidegate::test {
namespace {

using nlohmann::json;

json expected_frames(const json& vector) {
  return vector.contains("frames") ? vector["frames"] : json::array({vector["fields"]});
}

void expect_decodes(const json& vector) {
  SCOPED_TRACE(vector["name"]);
  const Bytes message = bytes_of_hex(vector["hex"]);
  FrameDecoder decoder(message);
  for (const json& expected : expected_frames(vector)) {
    const auto frame = decoder.next();
    ASSERT_TRUE(frame.has_value());
    ASSERT_TRUE(frame->ok()) << frame->error().message;
    EXPECT_EQ(fields_of(frame->value()), expected);
  }
  EXPECT_FALSE(decoder.next().has_value());
}

void expect_encodes(const json& vector) {
  SCOPED_TRACE(vector["name"]);
  Bytes encoded;
  for (const json& fields : expected_frames(vector)) encode_fields(fields, encoded);
  EXPECT_EQ(hex_of_bytes(encoded), hex_of_bytes(bytes_of_hex(vector["hex"])));
}

TEST(GoldenVectors, DecodeToTheirFieldsAndEncodeToTheirBytes) {
  std::size_t count = 0;
  for (const char* file : {"control_frames.json", "blocks.json", "messages.json"}) {
    for (const json& vector : load_vectors(file)) {
      ++count;
      expect_decodes(vector);
      if (!vector.value("decode_only", false)) expect_encodes(vector);
    }
  }
  EXPECT_GE(count, 47u);
}

TEST(GoldenVectors, EveryFrameTypeHasOne) {
  std::set<std::string> types;
  for (const char* file : {"control_frames.json", "blocks.json"}) {
    for (const json& vector : load_vectors(file)) types.insert(vector["fields"]["type"]);
  }
  // All alternatives of Frame but InvalidCommand, which has no encoding.
  EXPECT_EQ(types.size(), std::variant_size_v<Frame> - 1);
}

/// Decodes until the end or a fault; the fault's code name, or nothing.
std::string fault_of(const Bytes& message, std::string& explanation) {
  FrameDecoder decoder(message);
  std::string fault;
  while (const auto frame = decoder.next()) {
    if (frame->ok()) continue;
    fault = error_code_name(frame->error().code);
    explanation = frame->error().message;
  }
  return fault;
}

TEST(GoldenVectors, MalformedOnesAreRefusedWithTheirCode) {
  std::size_t count = 0;
  for (const json& vector : load_vectors("malformed.json")) {
    if (vector["kind"] != "malformed") continue;
    ++count;
    SCOPED_TRACE(vector["name"]);
    std::string explanation;
    EXPECT_EQ(fault_of(bytes_of_hex(vector["hex"]), explanation), vector["error"]);
    EXPECT_FALSE(explanation.empty());
  }
  EXPECT_GE(count, 100u);
}

TEST(GoldenVectors, InvalidCommandsCostTheCommandOnly) {
  std::size_t count = 0;
  for (const json& vector : load_vectors("malformed.json")) {
    if (vector["kind"] != "invalid_command") continue;
    ++count;
    SCOPED_TRACE(vector["name"]);
    Bytes message = bytes_of_hex(vector["hex"]);
    const Bytes ping = bytes_of_hex("04000000 10 00 0000 07000000 00000000");
    message.insert(message.end(), ping.begin(), ping.end());
    FrameDecoder decoder(message);
    const auto frame = decoder.next();
    ASSERT_TRUE(frame.has_value() && frame->ok());
    const json expected = {
        {"type", "invalid_command"}, {"request", vector["request"]}, {"error", vector["error"]}};
    EXPECT_EQ(fields_of(frame->value()), expected);
    const auto behind = decoder.next();
    ASSERT_TRUE(behind.has_value() && behind->ok());
    EXPECT_EQ(std::get<PingFrame>(behind->value()).nonce, 7u);
  }
  EXPECT_EQ(count, 7u);
}

}  // namespace
}  // namespace tidegate::test

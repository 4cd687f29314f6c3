// The golden texts of tests/vectors/json_texts.json against the binary vectors that say the same:
// each decodes to the fields of its binary twin, whose frames encode to exactly the text. What is
// malformed is refused with its code and its place. A JavaScript reader reads the same file.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/base/json_slice.h"
#include "core/protocol/frame_decoder.h"
#include "core/protocol_json/json_decoder.h"
#include "core/protocol_json/json_encoder.h"
#include "tests/unit/core/protocol/vector_json.h"

namespace tidegate::test {
namespace {

using nlohmann::json;

/// In JSON the space around a payload is not part of it, and of a block there are no groups.
json as_json_says_it(json fields) {
  const auto trim = [](json& holder) {
    if (!holder.contains("payload_hex") || holder["payload_kind"] != 0) return;
    const Bytes payload = bytes_of_hex(holder["payload_hex"]);
    holder["payload_hex"] = hex_of_bytes(as_bytes(json_trimmed(as_text(payload))));
  };
  trim(fields);
  if (fields["type"] == "block") fields["events"] = nullptr;  // the dictionary's order is free
  if (fields.contains("rows")) {
    for (json& row : fields["rows"]) trim(row);
  }
  return fields;
}

std::map<std::string, json> binary_vectors() {
  std::map<std::string, json> vectors;
  for (const char* file : {"control_frames.json", "blocks.json", "messages.json"}) {
    for (const json& vector : load_vectors(file)) vectors[vector["name"]] = vector;
  }
  return vectors;
}

json fields_of_text(const std::string& text) {
  JsonDecoder decoder(as_bytes(text));
  json frames = json::array();
  while (const auto frame = decoder.next()) {
    if (!frame->ok()) return frame->error().message;
    frames.push_back(as_json_says_it(fields_of(frame->value())));
  }
  return frames;
}

std::string text_of_message(const Bytes& message) {
  std::string joined;
  std::size_t count = 0;
  FrameDecoder decoder(message);
  while (const auto frame = decoder.next()) {
    EXPECT_TRUE(frame->ok());
    Bytes text;
    std::visit(
        [&](const auto& one) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, InvalidCommand>) {
            encode_json(one, text);
          }
        },
        frame->value());
    joined += (count++ == 0 ? "" : ",") + std::string(as_text(text));
  }
  return count == 1 ? joined : "[" + joined + "]";
}

TEST(JsonVectors, DecodeToTheFieldsOfTheirTwinsAndTwinsEncodeToThem) {
  const auto twins = binary_vectors();
  std::size_t count = 0;
  for (const json& vector : load_vectors("json_texts.json")) {
    if (vector["kind"] != "json") continue;
    ++count;
    SCOPED_TRACE(vector["name"]);
    const json& twin = twins.at(vector["of"]);
    json expected = json::array();
    for (const json& fields :
         twin.contains("frames") ? twin["frames"] : json::array({twin["fields"]})) {
      expected.push_back(as_json_says_it(fields));
    }
    EXPECT_EQ(fields_of_text(vector["text"]), expected);
    if (vector.value("decode_only", false)) continue;
    EXPECT_EQ(text_of_message(bytes_of_hex(twin["hex"])), vector["text"]);
  }
  EXPECT_GE(count, 56U);
}

TEST(JsonVectors, EveryBinaryVectorThatIsEncodedHasATwin) {
  std::set<std::string> told;
  for (const json& vector : load_vectors("json_texts.json")) {
    if (vector["kind"] == "json") told.insert(vector["of"]);
  }
  for (const auto& [name, vector] : binary_vectors()) {
    EXPECT_TRUE(told.contains(name) || vector.value("decode_only", false)) << name;
  }
}

TEST(JsonVectors, MalformedOnesAreRefusedWithTheirCodeAndPlace) {
  std::size_t count = 0;
  for (const json& vector : load_vectors("json_texts.json")) {
    if (vector["kind"] != "json_malformed") continue;
    ++count;
    SCOPED_TRACE(vector["name"]);
    const std::string text = vector["text"];
    JsonDecoder decoder(as_bytes(text));
    auto frame = decoder.next();
    while (frame.has_value() && frame->ok()) frame = decoder.next();
    ASSERT_TRUE(frame.has_value()) << "was accepted";
    EXPECT_EQ(error_code_name(frame->error().code), vector["error"]);
    // The place stands in the words by itself, not as the beginning of a longer one.
    const std::string words = " " + frame->error().message + " ";
    const std::string place = vector["place"];
    const std::size_t at = words.find(place);
    ASSERT_NE(at, std::string::npos) << words;
    EXPECT_TRUE(words[at + place.size()] != '/') << words;
    EXPECT_FALSE(decoder.next().has_value()) << "nothing behind a fault is read";
  }
  EXPECT_GE(count, 122U);
}

TEST(JsonVectors, InvalidCommandsCostTheCommandOnly) {
  std::size_t count = 0;
  for (const json& vector : load_vectors("json_texts.json")) {
    if (vector["kind"] != "json_invalid_command") continue;
    ++count;
    SCOPED_TRACE(vector["name"]);
    const std::string text =
        "[" + vector["text"].get<std::string>() + R"(,{"type":"ping","nonce":7}])";
    const json expected = {
        {{"type", "invalid_command"}, {"request", vector["request"]}, {"error", vector["error"]}},
        {{"type", "ping"}, {"nonce", 7}}};
    EXPECT_EQ(fields_of_text(text), expected);
  }
  EXPECT_EQ(count, 12U);
}

}  // namespace
}  // namespace tidegate::test

// Digests as docs/PROTOCOL.md defines them: the numbers of tests/vectors/digests.json were computed
// from the page by other programs.
#include "core/merge/record_digest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace tidegate {
namespace {

using nlohmann::json;

json vectors() {
  std::ifstream stream(std::string(TIDEGATE_SOURCE_DIR) + "/tests/vectors/digests.json");
  return json::parse(stream)["vectors"];
}

Bytes bytes_of_hex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(RecordDigest, IsTheNumberOfThePage) {
  std::size_t count = 0;
  for (const json& vector : vectors()) {
    ++count;
    const auto kind = static_cast<PayloadKind>(vector["payload_kind"].get<int>());
    const Bytes payload = bytes_of_hex(vector["payload_hex"]);
    EXPECT_EQ(std::to_string(record_digest(vector["key"].get<std::string>(), kind, payload)),
              vector["digest"])
        << vector["name"];
  }
  EXPECT_GE(count, 11u);
}

std::uint64_t digest(std::string_view key, std::string_view text) {
  return record_digest(key, PayloadKind::Json, as_bytes(text));
}

TEST(RecordDigest, KeysNamesAndValuesCount) {
  EXPECT_NE(digest("k", R"({"a":1})"), digest("l", R"({"a":1})"));
  EXPECT_NE(digest("k", R"({"a":1})"), digest("k", R"({"b":1})"));
  EXPECT_NE(digest("k", R"({"a":1})"), digest("k", R"({"a":2})"));
  EXPECT_NE(digest("k", R"({"a":1,"b":2})"), digest("k", R"({"a":2,"b":1})"));
  EXPECT_NE(digest("k", "{}"), 0u);
  EXPECT_NE(record_digest("k", PayloadKind::Binary, as_bytes(std::string_view("1"))),
            digest("k", "1"));
}

}  // namespace
}  // namespace tidegate

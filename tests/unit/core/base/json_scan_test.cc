// What RFC 8259 allows and what it does not, case by case; the fuzzer and the properties do the
// rest.
#include "core/base/json_scan.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate {
namespace {

Status check(std::string_view text) { return check_json(text, limits::json_depth_max); }

TEST(CheckJson, AcceptsEveryKindOfValue) {
  for (const char* good : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "7",
                           "-12",
                           "1.5",
                           "0.25",
                           "1e5",
                           "1E+5",
                           "2.5e-10",
                           "123456789012345678901234567890",
                           R"("")",
                           R"("text")",
                           R"("\"\\\/\b\f\n\r\t")",
                           R"("\u00e9\uD83D\uDE00")",
                           "[]",
                           "{}",
                           "[1]",
                           "[1,2,[3,{}]]",
                           R"({"a":1})",
                           R"({"a":{"b":[true,null]},"a":2})",
                           " \t\r\n[ 1 , { \"a\" : 2 } ]\n ",
                           "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"",
                           "\"\x7F\""}) {
    const Status status = check(good);
    EXPECT_TRUE(status.ok()) << good << ": " << status.error().message;
  }
}

TEST(CheckJson, RefusesEverythingElse) {
  for (const char* bad : {"",
                          " ",
                          "nul",
                          "nulll",
                          "True",
                          "+1",
                          "01",
                          "-",
                          "1.",
                          ".5",
                          "1e",
                          "1e+",
                          "0x10",
                          "NaN",
                          "Infinity",
                          "'a'",
                          "\"",
                          "\"a",
                          R"("\x")",
                          R"("\u12")",
                          R"("\u12g4")",
                          R"("\)",
                          "[",
                          "]",
                          "[1",
                          "[1,",
                          "[1,]",
                          "[,1]",
                          "[1 2]",
                          "{",
                          "}",
                          "{\"a\"",
                          "{\"a\":",
                          "{\"a\":1",
                          "{\"a\":1,",
                          "{\"a\":1,}",
                          "{a:1}",
                          "{1:2}",
                          "{\"a\" 1}",
                          "{,}",
                          "[}",
                          "{]",
                          "[1}",
                          "{\"a\":1]",
                          "1 2",
                          "null null",
                          "[],",
                          "// x",
                          "[1] /* */",
                          "\"\t\"",
                          "\"\n\"",
                          "\xEF\xBB\xBF[]"}) {
    const Status status = check(bad);
    ASSERT_FALSE(status.ok()) << bad;
    EXPECT_EQ(status.error().code, ErrorCode::InvalidPayload);
  }
}

TEST(CheckJson, RefusesLoneSurrogateEscapes) {
  for (const char* bad :
       {R"("\uD800")", R"("\uDBFFx")", R"("\uD800\n")", R"("\uD800A")", R"("\uD800\uD800")",
        R"("\uDC00")", R"("\uDC00\uD800")", R"("\uD83D\u")"}) {
    EXPECT_FALSE(check(bad).ok()) << bad;
  }
}

TEST(CheckJson, RefusesNulAndInvalidUtf8) {
  EXPECT_FALSE(check(std::string_view("1\0", 2)).ok());
  EXPECT_FALSE(check(std::string_view("\0", 1)).ok());
  EXPECT_FALSE(check(std::string_view("\"\0\"", 3)).ok());
  EXPECT_FALSE(check("\"\xC3\"").ok());
  EXPECT_FALSE(check("\"\xED\xA0\x80\"").ok());
  EXPECT_FALSE(check("\"\xFF\"").ok());
  EXPECT_FALSE(check("\xC3\xA9").ok());
}

TEST(CheckJson, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(check(nested(limits::json_depth_max)).ok());
  const Status too_deep = check(nested(limits::json_depth_max + 1));
  ASSERT_FALSE(too_deep.ok());
  EXPECT_NE(too_deep.error().message.find("too deeply at byte 64"), std::string::npos)
      << too_deep.error().message;
  EXPECT_FALSE(check_json("[]", 0).ok());
  EXPECT_TRUE(check_json("1", 0).ok());
}

TEST(CheckJson, ItsOwnCeilingBoundsTheDepthWhateverIsAsked) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += i % 2 == 0 ? "[" : "{\"a\":";
    text += "1";
    for (std::size_t i = depth; i > 0; --i) text += i % 2 == 1 ? "]" : "}";
    return text;
  };
  EXPECT_TRUE(check_json(nested(limits::json_depth_ceiling), 1'000'000).ok());
  EXPECT_FALSE(check_json(nested(limits::json_depth_ceiling + 1), 1'000'000).ok());
}

TEST(CheckJson, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(check("[1,,2]").error().message, "a JSON value is expected at byte 3");
  EXPECT_EQ(check("{} {}").error().message, "there is more than one JSON value at byte 3");
  EXPECT_EQ(check("[1").error().message, "the JSON ends inside an array or object at byte 2");
}

TEST(Utf8, AcceptsTheEdgesOfEveryLength) {
  for (const char* good :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(as_bytes(good))) << good;
  }
}

TEST(Utf8, RefusesOverlongSurrogatesTooLargeAndCutShort) {
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\xA0",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xE1\x80\x41", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", "a\x80"}) {
    EXPECT_FALSE(is_valid_utf8(as_bytes(bad)));
  }
}

}  // namespace
}  // namespace tidegate

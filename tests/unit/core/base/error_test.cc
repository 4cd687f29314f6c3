// Every code has a name of its own, and its range says what to do.
#include "core/base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/base/result.h"

namespace tidegate {
namespace {

TEST(ErrorCode, NamesAreDistinctSnakeCase) {
  std::set<std::string> names;
  int count = 0;
  for (std::uint16_t value = 0; value < 600; ++value) {
    const std::string name(error_code_name(ErrorCode{value}));
    if (name == "unknown") continue;
    ++count;
    names.insert(name);
    for (const char c : name) EXPECT_TRUE(c == '_' || (c >= 'a' && c <= 'z')) << name;
  }
  EXPECT_EQ(count, 30);
  EXPECT_EQ(names.size(), 30u);
  EXPECT_EQ(error_code_name(ErrorCode::TokenExpired), "token_expired");
}

TEST(ErrorCode, OnlyTheFirstRangeIsTemporary) {
  EXPECT_TRUE(is_temporary(ErrorCode::Timeout));
  EXPECT_TRUE(is_temporary(ErrorCode{199}));  // one that this version does not know
  EXPECT_FALSE(is_temporary(ErrorCode{99}));
  EXPECT_FALSE(is_temporary(ErrorCode::TokenExpired));
  EXPECT_FALSE(is_temporary(ErrorCode::Internal));
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good(7);
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  const Result<int> bad(ErrorCode::Busy, "wait");
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::Busy);
  EXPECT_EQ(bad.error().message, "wait");
}

TEST(ResultDeathTest, ReadingTheWrongSideIsADefect) {
  const Result<int> bad(ErrorCode::Busy, "wait");
  EXPECT_DEATH((void)bad.value(), "");
}

}  // namespace
}  // namespace tidegate

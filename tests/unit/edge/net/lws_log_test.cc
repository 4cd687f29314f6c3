// When the library may speak, and to whom.
#include "edge/net/lws_log.h"

#include <gtest/gtest.h>
#include <libwebsockets.h>

#include <string>
#include <vector>

namespace tidegate::net {
namespace {

using Lines = std::vector<std::string>;

LwsLogScope::Sink into(Lines& lines) {
  return [&lines](const relay::LogLine& line) { lines.push_back(line.text); };
}

TEST(LwsLog, OneUserHearsTheLibrary) {
  Lines lines;
  const LwsLogScope scope(into(lines));
  lwsl_err("one\n");
  lwsl_notice("too quiet to matter\n");
  EXPECT_EQ(lines, Lines{"libwebsockets: one"});
}

TEST(LwsLog, TwoUsersMayBeTwoThreadsSoNothingIsSaid) {
  Lines first_lines;
  Lines second_lines;
  const LwsLogScope first(into(first_lines));
  {
    const LwsLogScope second(into(second_lines));
    lwsl_err("one\n");
  }
  lwsl_err("two\n");
  EXPECT_EQ(first_lines, Lines{});
  EXPECT_EQ(second_lines, Lines{});
}

TEST(LwsLog, HushedBeforeThreadsStart) {
  Lines lines;
  {
    LwsLogScope scope(into(lines));
    lwsl_err("one\n");
    scope.hush();
    lwsl_err("two\n");
  }
  lwsl_err("three\n");
  EXPECT_EQ(lines, Lines{"libwebsockets: one"});
  const LwsLogScope again(into(lines));
  lwsl_err("four\n");
  EXPECT_EQ(lines.back(), "libwebsockets: four");
}

}  // namespace
}  // namespace tidegate::net

// The limit on open files, which decides how many connections there can be.
#include "edge/net/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/base/limits.h"

namespace tidegate::net {
namespace {

class FileLimit : public ::testing::Test {
 protected:
  void SetUp() override { getrlimit(RLIMIT_NOFILE, &before_); }
  void TearDown() override { setrlimit(RLIMIT_NOFILE, &before_); }
  static rlim_t current() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
  }
  void set_current(rlim_t value) {
    rlimit limit = before_;
    limit.rlim_cur = value;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  rlimit before_{};
};

TEST_F(FileLimit, IsRaisedToWhatIsNeeded) {
  set_current(300);
  EXPECT_EQ(fit_file_limit(400), 400U);
  EXPECT_EQ(current(), 400 + limits::file_descriptors_reserved);
}

TEST_F(FileLimit, IsLeftAloneWhenItIsEnough) {
  set_current(1000);
  EXPECT_EQ(fit_file_limit(100), 100U);
  EXPECT_EQ(current(), 1000U);
}

TEST_F(FileLimit, BoundsTheConnectionsWhenItCannotBeRaisedFarEnough) {
  const std::size_t wanted = limits::file_descriptors_max * 2;
  const std::size_t allowed = fit_file_limit(wanted);
  EXPECT_LT(allowed, wanted);
  EXPECT_LE(current(), limits::file_descriptors_max);
  EXPECT_EQ(allowed, current() - limits::file_descriptors_reserved);
}

}  // namespace
}  // namespace tidegate::net

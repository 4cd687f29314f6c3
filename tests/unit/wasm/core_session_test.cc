// The numbers that JavaScript may give, natively: whatever they are, they become times and counts
// that the core can work with. That both builds of it say the same is tests/differential's matter.
#include "wasm/core_session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "core/base/byte_io.h"

namespace tidegate::wasm {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kNowMs = 5'000;

SessionTuning defaults() { return {kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN}; }

CoreSession make(const SessionTuning& tuning) { return {"test", "session-1", 1, 2, false, tuning}; }

double double_at(ByteView bytes) {
  double value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::optional<ByteView> record(const CoreSession& session, RecordKind kind) {
  for (ByteReader reader(session.output()); reader.remaining() >= 8;) {
    const std::uint32_t found = reader.u32();
    const std::uint32_t bytes = reader.u32();
    const ByteView body = reader.bytes((bytes + 7) & ~7U);
    if (found == static_cast<std::uint32_t>(kind)) {
      return body;
    }
  }
  return std::nullopt;
}

double deadline(const CoreSession& session) {
  const auto body = record(session, RecordKind::Deadline);
  return body ? double_at(*body) : kNaN;
}

double wait_of_connect(double connect_timeout_ms) {
  SessionTuning tuning = defaults();
  tuning.connect_timeout_ms = connect_timeout_ms;
  CoreSession session = make(tuning);
  session.connect(kNowMs, 0);
  return deadline(session) - kNowMs;
}

TEST(CoreSessionTest, DurationsAreCutToWhatATimerCanKeep) {
  const double most = static_cast<double>(limits::client_duration_max.count()) / 1000;
  EXPECT_EQ(wait_of_connect(250), 250);
  EXPECT_EQ(wait_of_connect(0.5), 0.5);
  EXPECT_EQ(wait_of_connect(most), most);
  for (const double over : {most + 1, 1e17, 1e300, kInfinity}) {
    EXPECT_EQ(wait_of_connect(over), most) << over;
  }
}

TEST(CoreSessionTest, AbsentAndNegativeNumbersMeanTheDefault) {
  const double standard = static_cast<double>(limits::connect_timeout_default.count()) / 1000;
  for (const double absent : {kNaN, -1.0, -1e300, -kInfinity}) {
    EXPECT_EQ(wait_of_connect(absent), standard) << absent;
  }
}

TEST(CoreSessionTest, TheNumberOfAttemptsIsCutNotWrapped) {
  for (const double many : {4294967297.0, 1e300, kInfinity}) {
    SessionTuning tuning = defaults();
    tuning.reconnect_attempts_max = many;
    CoreSession session = make(tuning);
    double now = kNowMs;
    session.connect(now, 0);
    for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
      session.handle_close(now, 0, attempt, 1006, "");
      ASSERT_GE(deadline(session), now) << many << " attempts ended with attempt " << attempt;
      now = deadline(session) + 1;
      session.timeout(now, 0);
    }
  }
}

TEST(CoreSessionTest, AClockThatSaysNonsenseIsSurvived) {
  for (const double nonsense : {kNaN, kInfinity, -kInfinity, 1e300, -1e300}) {
    CoreSession session = make(defaults());
    session.connect(nonsense, nonsense);
    const double due = deadline(session);
    EXPECT_TRUE(std::isfinite(due)) << nonsense;
    EXPECT_GE(due, static_cast<double>(limits::connect_timeout_default.count()) / 1000) << nonsense;
  }
}

}  // namespace
}  // namespace tidegate::wasm

// check, token and version, from the command to what the terminal shows.
#include <gtest/gtest.h>

#include <sstream>

#include "edge/app/command.h"
#include "edge/auth/jwt_verifier.h"
#include "edge/net/clock.h"
#include "tests/unit/edge/app/temporary_folder.h"

namespace tidegate::app {
namespace {

constexpr const char* kSecret = "a-secret-of-forty-bytes-for-the-tests-00";

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

template <typename C>
Outcome run(const C& command) {
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = run_command(command, Terminal{out, err});
  return {exit_code, out.str(), err.str()};
}

TEST(CheckCommand, ExplainsAGoodConfiguration) {
  const Outcome outcome = run(CheckCommand{TIDEGATE_SOURCE_DIR "/examples/relay.toml"});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find("is valid"), std::string::npos);
  EXPECT_NE(outcome.out.find("airport:{code}:departures"), std::string::npos);
  EXPECT_EQ(outcome.out.find("change-me"), std::string::npos);
}

TEST(CheckCommand, ListsEverythingThatIsWrong) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write("relay.toml", "[server]\nprot = 1\nworkers = -1\n");
  const Outcome outcome = run(CheckCommand{file});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find(file + ":2:1"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(file + ":3:11"), std::string::npos) << outcome.err;
}

TEST(TokenCommand, TheRelayOfTheSameConfigurationAcceptsIt) {
  const test::TemporaryFolder folder;
  TokenCommand command;
  command.config =
      folder.write("relay.toml", "[auth]\nissuer = \"me\"\naudience = \"you\"\nhs256_secret = \"" +
                                     std::string(kSecret) + "\"\n");
  command.subject = "alice";
  command.subscribe = {"a:*"};
  command.history = {"a:*"};
  const Outcome outcome = run(command);
  ASSERT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  ASSERT_EQ(outcome.out.back(), '\n');
  const auth::JwtVerifier verifier({auth::JwtKey::hs256(auth::Secret(kSecret)).value()},
                                   {"me", "you"});
  const auto claims =
      verifier.verify(outcome.out.substr(0, outcome.out.size() - 1), net::real_now().wall);
  ASSERT_TRUE(claims.ok()) << claims.error().message;
  const ChannelName channel = ChannelName::parse("a:b").value();
  EXPECT_TRUE(allows((*claims)->capabilities, Action::Subscribe, channel));
  EXPECT_TRUE(allows((*claims)->capabilities, Action::History, channel));
  EXPECT_FALSE(allows((*claims)->capabilities, Action::Publish, channel));
}

TEST(TokenCommand, NeedsASecretAndValidPatterns) {
  TokenCommand command;
  command.subject = "alice";
  EXPECT_EQ(run(command).exit_code, kExitUsage);
  command.secret = "short";
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  EXPECT_EQ(run(command).err.find("\"short\""), std::string::npos);
  command.secret = kSecret;
  EXPECT_EQ(run(command).exit_code, kExitOk);
  EXPECT_NE(run(command).err.find("allows nothing"), std::string::npos);
  command.publish = {"a::b"};
  EXPECT_EQ(run(command).exit_code, kExitFailure);
}

TEST(ServeCommand, StopsAtABadConfiguration) {
  const test::TemporaryFolder folder;
  ServeCommand command;
  command.config = folder.write("relay.toml", "[server]\nprot = 1\n");
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  EXPECT_NE(run(command).err.find("did you mean \"port\"?"), std::string::npos);
}

TEST(ServeCommand, DevelopmentModeRefusesAnOpenHost) {
  ServeCommand command;
  command.dev = true;
  command.options = {{"--host", "server.host", "0.0.0.0"}};
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  EXPECT_NE(run(command).err.find("loopback only"), std::string::npos);
}

TEST(ServeCommand, WithoutAKeyForTokensItDoesNotStart) {
  const test::TemporaryFolder folder;
  ServeCommand command;
  command.config = folder.write("relay.toml", "");
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  EXPECT_NE(run(command).err.find("hs256_secret"), std::string::npos);
}

TEST(PublishCommand, SaysWhatIsWrongBeforeItConnects) {
  PublishCommand command;
  command.channel = "a::b";
  command.data = "1";
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  command.channel = "a";
  command.client.url = "nonsense";
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  EXPECT_NE(run(command).err.find("nonsense"), std::string::npos);
}

TEST(SubscribeCommand, SaysWhatIsWrongBeforeItConnects) {
  SubscribeCommand command;
  command.channels = {"a", "b::*"};
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  EXPECT_NE(run(command).err.find("b::*"), std::string::npos);
  command.channels = {"b:*"};
  command.since = "e:7";
  EXPECT_EQ(run(command).exit_code, kExitFailure);
  EXPECT_NE(run(command).err.find("b:* is a pattern"), std::string::npos);
  command.channels = {"a"};
  for (const char* since : {"7", "e:", "e:x", ":7", "e f:7"}) {
    command.since = since;
    EXPECT_EQ(run(command).exit_code, kExitFailure);
    EXPECT_NE(run(command).err.find("EPOCH:OFFSET"), std::string::npos) << since;
  }
}

TEST(VersionCommand, NamesVersionProtocolAndCompiler) {
  const Outcome outcome = run(VersionCommand{});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.out.find("tidegate " TIDEGATE_VERSION " (protocol tidegate.v1, "), 0U);
}

}  // namespace
}  // namespace tidegate::app

// From arguments to commands, and what wrong ones end with.
#include "edge/app/command_line.h"

#include <gtest/gtest.h>

namespace tidegate::app {
namespace {

using namespace std::chrono_literals;

template <typename T>
T parsed(std::vector<std::string> arguments) {
  auto result = parse_command_line(std::move(arguments));
  if (const auto* end = std::get_if<CommandLineEnd>(&result)) {
    ADD_FAILURE() << end->err;
    return {};
  }
  const T* command = std::get_if<T>(&std::get<Command>(result));
  EXPECT_NE(command, nullptr);
  return command == nullptr ? T{} : *command;
}

CommandLineEnd ended(std::vector<std::string> arguments) {
  auto result = parse_command_line(std::move(arguments));
  const auto* end = std::get_if<CommandLineEnd>(&result);
  EXPECT_NE(end, nullptr);
  return end == nullptr ? CommandLineEnd{} : *end;
}

void expect_usage_error(std::vector<std::string> arguments, const std::string& words) {
  const CommandLineEnd end = ended(std::move(arguments));
  EXPECT_EQ(end.exit_code, kExitUsage);
  EXPECT_NE(end.err.find(words), std::string::npos) << end.err;
  EXPECT_EQ(end.out, "");
}

TEST(CommandLine, Serve) {
  const auto serve =
      parsed<ServeCommand>({"serve", "relay.toml", "--port", "0", "--log-format", "json"});
  EXPECT_EQ(serve.config, "relay.toml");
  EXPECT_FALSE(serve.dev);
  ASSERT_EQ(serve.options.size(), 2U);
  EXPECT_EQ(serve.options[0].path, "server.port");
  EXPECT_EQ(serve.options[0].text, "0");
  EXPECT_EQ(serve.options[1].option, "--log-format");
}

TEST(CommandLine, ServeInDevelopmentMode) {
  const auto serve = parsed<ServeCommand>(
      {"serve", "--dev", "--dev-key", "k", "--dev-secret", "s", "--static", "demo/dist"});
  EXPECT_TRUE(serve.dev);
  EXPECT_EQ(serve.dev_options.key, "k");
  EXPECT_EQ(serve.dev_options.secret, "s");
  EXPECT_EQ(serve.options.at(0).path, "dev.static_root");
}

TEST(CommandLine, DevelopmentOptionsNeedDevelopmentMode) {
  expect_usage_error({"serve", "relay.toml", "--dev-key", "k"}, "--dev");
  expect_usage_error({"serve", "relay.toml", "--static", "x"}, "--static requires --dev");
  expect_usage_error({"serve"}, "CONFIG is required");
}

TEST(CommandLine, EveryOptionOfServeSetsASetting) {
  Config config;
  const auto settings = settings_of(config);
  const auto serve = parsed<ServeCommand>(
      {"serve", "--dev", "--host", "x", "--port", "x", "--workers", "x", "--connections-max", "x",
       "--drain", "x", "--static", "x", "--log-format", "x", "--log-level", "x"});
  EXPECT_EQ(serve.options.size(), 8U);
  for (const OptionValue& value : serve.options) {
    EXPECT_TRUE(std::any_of(settings.begin(), settings.end(), [&](const Setting& setting) {
      return setting.path == value.path;
    })) << value.path;
  }
}

TEST(CommandLine, Token) {
  const auto token = parsed<TokenCommand>({"token", "--sub", "alice", "--subscribe", "a:*", "b",
                                           "--publish", "c", "--ttl", "1h", "--tenant", "t"});
  EXPECT_EQ(token.subject, "alice");
  EXPECT_EQ(token.subscribe, (std::vector<std::string>{"a:*", "b"}));
  EXPECT_EQ(token.publish, (std::vector<std::string>{"c"}));
  EXPECT_EQ(token.ttl, 1h);
  EXPECT_EQ(parsed<TokenCommand>({"token", "--sub", "a"}).ttl, limits::token_ttl_default);
  expect_usage_error({"token"}, "--sub is required");
  expect_usage_error({"token", "--sub", "a", "--ttl", "soon"}, "a duration");
}

TEST(CommandLine, Publish) {
  const auto publish =
      parsed<PublishCommand>({"publish", "--url", "ws://h:1", "--token", "t", "--channel", "c",
                              "--data", "{}", "--if-epoch", "e", "--json"});
  EXPECT_EQ(publish.client.url, "ws://h:1");
  EXPECT_EQ(publish.client.token, "t");
  EXPECT_TRUE(publish.client.json);
  EXPECT_EQ(publish.data, "{}");
  EXPECT_EQ(publish.if_epoch, "e");
  EXPECT_FALSE(parsed<PublishCommand>({"publish", "--channel", "c"}).data.has_value());
  EXPECT_EQ(parsed<PublishCommand>({"publish", "--channel", "c", "--timeout", "2s"}).timeout, 2s);
  expect_usage_error({"publish"}, "--channel is required");
}

TEST(CommandLine, Subscribe) {
  const auto subscribe = parsed<SubscribeCommand>(
      {"subscribe", "a:b", "c", "--history", "10", "--count", "3", "--json"});
  EXPECT_EQ(subscribe.channels, (std::vector<std::string>{"a:b", "c"}));
  EXPECT_EQ(subscribe.history, 10U);
  EXPECT_EQ(subscribe.count, 3U);
  EXPECT_EQ(subscribe.client.url, "ws://127.0.0.1:8480");
  expect_usage_error({"subscribe"}, "CHANNEL");
  expect_usage_error({"subscribe", "a", "b", "--since", "e:1"}, "one channel");
  expect_usage_error({"subscribe", "a", "--history", "-1"}, "--history");
}

TEST(CommandLine, CheckAndVersion) {
  EXPECT_EQ(parsed<CheckCommand>({"check", "relay.toml"}).config, "relay.toml");
  expect_usage_error({"check"}, "CONFIG is required");
  parsed<VersionCommand>({"version"});
}

TEST(CommandLine, HelpIsNotAnError) {
  for (const char* name : {"serve", "check", "token", "publish", "subscribe", "version"}) {
    const CommandLineEnd end = ended({name, "--help"});
    EXPECT_EQ(end.exit_code, kExitOk);
    EXPECT_NE(end.out.find(name), std::string::npos);
    EXPECT_EQ(end.err, "");
  }
  EXPECT_NE(ended({"--help"}).out.find("Exit codes"), std::string::npos);
}

TEST(CommandLine, Nonsense) {
  expect_usage_error({}, "subcommand is required");
  expect_usage_error({"frobnicate"}, "");
  expect_usage_error({"serve", "--dev", "--prot", "1"}, "--prot");
}

}  // namespace
}  // namespace tidegate::app

// Configurations good and bad. For bad ones: the place, what was found, what is allowed, and all of
// it at once.
#include "edge/app/config_layers.h"

#include <gtest/gtest.h>

#include "edge/app/config_file.h"
#include "edge/app/config_words.h"
#include "edge/app/store_choice.h"
#include "tests/unit/edge/app/temporary_folder.h"

namespace tidegate::app {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSecret = "a-secret-of-forty-bytes-for-the-tests-00";

struct Read {
  Config config;
  std::vector<ConfigProblem> problems;
};

Read read(const std::string& text) {
  Read result;
  read_config_text(text, "relay.toml", result.config, result.problems);
  return result;
}

/// Exactly one problem, at `where`, whose message has all of `words`.
void expect_problem(const std::string& text, const std::string& where,
                    const std::vector<std::string>& words) {
  const Read result = read(text);
  ASSERT_EQ(result.problems.size(), 1U) << text;
  const std::string message = result.problems[0].text();
  EXPECT_EQ(result.problems[0].where, "relay.toml:" + where) << message;
  for (const std::string& word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << message << "\nlacks: " << word;
  }
}

TEST(Config, AnEmptyFileIsTheDefaults) {
  const Read result = read("");
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.config.server.host, "127.0.0.1");
  EXPECT_EQ(result.config.server.port, 8480U);
  EXPECT_EQ(result.config.relay.heartbeat_interval, limits::heartbeat_interval_default);
  EXPECT_TRUE(result.config.relay.namespaces.empty());
}

TEST(Config, ReadsEveryKindOfValue) {
  const Read result = read(R"(
[server]
host = "0.0.0.0"
port = 0
http_body_bytes_max = "2MB"
drain_window = "250ms"
[auth]
hs256_secret = "a-secret-of-forty-bytes-for-the-tests-00"
issuer = "me"
[[api_key]]
name = "flights"
secret = "flights-secret-01"
tenant = "acme"
channels = ["airport:*:departures", "x"]
[[namespace]]
channel = "airport:{code}:departures"
kind = "log"
publish = "capability"
history = { count = 5, bytes = "1KB", age = "1h" }
[[namespace]]
channel = "**"
[log]
format = "json"
level = "warning"
)");
  ASSERT_TRUE(result.problems.empty()) << result.problems[0].text();
  const Config& config = result.config;
  EXPECT_EQ(config.server.host, "0.0.0.0");
  EXPECT_EQ(config.server.port, 0U);
  EXPECT_EQ(config.server.http_body_bytes_max, 2U << 20);
  EXPECT_EQ(config.server.drain_window, 250ms);
  EXPECT_EQ(config.auth.hs256_secret.reveal(), kSecret);
  EXPECT_EQ(config.auth.issuer, "me");
  ASSERT_EQ(config.api_keys.size(), 1U);
  EXPECT_EQ(config.api_keys[0].tenant, "acme");
  EXPECT_EQ(config.api_keys[0].channels.size(), 2U);
  ASSERT_EQ(config.relay.namespaces.size(), 2U);
  const relay::Namespace& first = config.relay.namespaces[0];
  EXPECT_EQ(first.pattern.text(), "airport:{code}:departures");
  EXPECT_EQ(first.publish, relay::PublishRight::Capability);
  EXPECT_EQ(first.history.count, 5U);
  EXPECT_EQ(first.history.bytes, 1024U);
  EXPECT_EQ(first.history.age, 1h);
  EXPECT_EQ(config.relay.namespaces[1].publish, relay::PublishRight::Server);
  EXPECT_EQ(config.log.format, LogFormat::Json);
  EXPECT_EQ(config.log.level, relay::LogLevel::Warning);
}

TEST(Config, ATypoIsFoundWithItsPlaceAndASuggestion) {
  expect_problem("[server]\nhost = \"a\"\nprot = 1\n", "3:1",
                 {"server.prot", "unknown key", "did you mean \"port\"?", "workers"});
  expect_problem("[sever]\nport = 1\n", "1:2", {"did you mean \"server\"?"});
  expect_problem("[[namespaces]]\nchannel = \"a\"\n", "1:3", {"did you mean \"namespace\"?"});
  expect_problem("[[namespace]]\nchannel = \"a\"\nhistory = { cuont = 1 }\n", "3:13",
                 {"namespace 1: history.cuont", "did you mean \"count\"?"});
  expect_problem("port = 1\n", "1:1", {"unknown key", "server"});
}

TEST(Config, AWrongType) {
  expect_problem("[server]\nport = \"80\"\n", "2:8",
                 {"server.port", "found \"80\"", "a whole number from 0 to 65535"});
  expect_problem("[server]\nport = 80.5\n", "2:8", {"a number with a fraction"});
  expect_problem("[server]\nport = true\n", "2:8", {"found true"});
  expect_problem("[server]\nhost = 7\n", "2:8", {"found 7", "a text"});
  expect_problem("[server]\nhost = \"\"\n", "2:8", {"a text that is not empty"});
  expect_problem("[server]\nhost = []\n", "2:8", {"a list"});
  expect_problem("server = 1\n", "1:10", {"allowed: a table"});
  expect_problem("namespace = 1\n", "1:13", {"[[namespace]]"});
  expect_problem("[limits]\nheartbeat_interval = 25\n", "2:22", {"found 25", "a duration"});
  expect_problem("[limits]\nclient_message_bytes_max = 65536\n", "2:28", {"a size such as"});
}

TEST(Config, ListedChannelsAndThinEvents) {
  const auto read_one = [](const std::string& line) {
    return read("[[namespace]]\nchannel = \"a\"\n" + line).config.relay.namespaces.at(0);
  };
  EXPECT_FALSE(read_one("").listed);
  EXPECT_TRUE(read_one("listed = true\n").listed);
  EXPECT_FALSE(read_one("listed = false\n").listed);
  EXPECT_EQ(read_one("thin = [\"id\", \"at\"]\n").thin, (std::vector<std::string>{"id", "at"}));
  const std::string channel = "[[namespace]]\nchannel = \"a\"\n";
  expect_problem(channel + "listed = \"yes\"\n", "3:10",
                 {"namespace 1: listed", "found \"yes\"", "true or false"});
  expect_problem(channel + "listed = 1\n", "3:10", {"true or false"});
  expect_problem(channel + "thin = []\n", "3:8", {"a list of 1 to 16 names"});
  expect_problem(channel + "thin = \"id\"\n", "3:8", {"a list of 1 to 16 names"});
  expect_problem(channel + "thin = [\"\"]\n", "3:8", {"found \"\""});
  expect_problem(channel + "kind = \"state\"\nthin = [\"id\"]\n", "4:8", {"thin", "log or signal"});
  std::string many = "thin = [\"a0\"";
  for (std::size_t n = 1; n <= limits::thin_members_max; ++n) {
    many += ", \"a" + std::to_string(n) + '"';
  }
  expect_problem(channel + many + "]\n", "3:8", {"a list of 1 to 16 names"});
}

TEST(Config, BadDurationsAndSizes) {
  for (const char* text : {"5 minutes", "5", "fast", "-5s", "1.5s"}) {
    expect_problem("[limits]\nhello_timeout = \"" + std::string(text) + "\"\n", "2:17",
                   {"limits.hello_timeout", text, "a duration such as", "from 100ms to 5m"});
  }
  expect_problem("[server]\nhttp_body_bytes_max = \"1 MB\"\n", "2:23", {"a size such as"});
}

TEST(Config, OverAndUnderEveryLimit) {
  const auto outside = [](const std::string& section, const std::string& key,
                          const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      const Read result = read("[" + section + "]\n" + key + " = " + value + "\n");
      ASSERT_EQ(result.problems.size(), 1U) << key << " = " << value;
      EXPECT_NE(result.problems[0].message.find(key), std::string::npos);
      EXPECT_NE(result.problems[0].message.find("allowed:"), std::string::npos);
    }
  };
  outside("server", "port", {"-1", "65536"});
  outside("server", "workers", {"-1", "257"});
  outside("server", "connections_max", {"0", "65536"});
  outside("server", "http_body_bytes_max", {"\"1023B\"", "\"65MB\""});
  outside("server", "drain_window", {"\"11m\""});
  outside("limits", "heartbeat_interval", {"\"999ms\"", "\"11m\""});
  outside("limits", "heartbeat_timeout", {"\"999ms\"", "\"11m\""});
  outside("limits", "hello_timeout", {"\"99ms\"", "\"6m\""});
  outside("limits", "client_message_bytes_max", {"\"15KB\"", "\"2MB\""});
  outside("limits", "subscriptions_per_connection_max", {"0", "10001"});
  outside("limits", "idempotency_window_entries", {"0", "10000001"});
  outside("limits", "idempotency_window_age", {"\"0s\"", "\"8d\""});
  const auto history = [](const std::string& part) {
    expect_problem("[[namespace]]\nchannel = \"a\"\nhistory = { " + part + " }\n",
                   "3:" + std::to_string(13 + part.find("= ") + 2), {"history."});
  };
  history("count = 10000001");
  history("count = -1");
  history("bytes = \"2GB\"");
  history("age = \"366d\"");
  history("age = \"0s\"");
}

TEST(Config, TheLimitsThemselvesAreAllowed) {
  const Read result = read(R"(
[server]
port = 65535
workers = 256
[limits]
heartbeat_interval = "1s"
heartbeat_timeout = "10m"
hello_timeout = "100ms"
client_message_bytes_max = "1MB"
subscriptions_per_connection_max = 10000
idempotency_window_entries = 1
)");
  EXPECT_TRUE(result.problems.empty()) << result.problems[0].text();
  EXPECT_EQ(result.config.relay.subscriptions_per_connection_max, 10'000U);
}

TEST(Config, WhatMeansNothingOnAKindOfChannelIsAMistake) {
  const std::string begin = "[[namespace]]\nchannel = \"a\"\nkind = ";
  expect_problem(begin + "\"stat\"\n", "3:8", {"found \"stat\"", "did you mean \"state\"?"});
  expect_problem(begin + "\"log\"\nrecord_ttl = \"1m\"\n", "4:14",
                 {"record_ttl", "allowed: with kind = state"});
  expect_problem(begin + "\"state\"\nsignal_ttl = \"1s\"\n", "4:14",
                 {"signal_ttl", "allowed: with kind = signal"});
  expect_problem(begin + "\"signal\"\nhistory = { count = 5 }\n", "4:21",
                 {"history.count", "allowed: with kind = log or state"});
  expect_problem("[[namespace]]\nchannel = \"a\"\npublish = \"sever\"\n", "3:11",
                 {"did you mean \"server\"?"});
}

TEST(Config, PatternsAreChecked) {
  expect_problem("[[namespace]]\nchannel = \"a:**:b\"\n", "2:11",
                 {"namespace 1: channel", "segment 2"});
  expect_problem("[[namespace]]\nkind = \"log\"\n", "1:1", {"channel is missing"});
  expect_problem("[[namespace]]\nchannel = \"a\"\n[[namespace]]\nchannel = \"a\"\n", "3:1",
                 {"namespace 2", "a second time"});
  expect_problem(
      "[[api_key]]\nname = \"a\"\nsecret = \"0123456789abcdef\"\nchannels = [\"a::b\"]\n", "4:12",
      {"api_key 1: channels", "segment 2"});
}

TEST(Config, ApiKeysAreCompleteAndTheirOwn) {
  const std::string key =
      "[[api_key]]\nname = \"a\"\nsecret = \"0123456789abcdef\"\nchannels = [\"a\"]\n";
  expect_problem("[[api_key]]\nsecret = \"0123456789abcdef\"\nchannels = [\"a\"]\n", "1:1",
                 {"name is missing"});
  expect_problem("[[api_key]]\nname = \"a\"\nchannels = [\"a\"]\n", "1:1", {"secret"});
  expect_problem("[[api_key]]\nname = \"a\"\nsecret = \"0123456789abcdef\"\n", "1:1",
                 {"channels is missing"});
  expect_problem("[[api_key]]\nname = \"a\"\nsecret = \"0123456789abcde\"\nchannels = [\"a\"]\n",
                 "3:10", {"a secret of 15 bytes", "16"});
  expect_problem(
      key + "[[api_key]]\nname = \"a\"\nsecret = \"0123456789abcdeX\"\nchannels = [\"a\"]\n", "5:1",
      {"api_key 2", "a second time"});
  expect_problem(
      key + "[[api_key]]\nname = \"b\"\nsecret = \"0123456789abcdef\"\nchannels = [\"a\"]\n", "5:1",
      {"api_key 2", "the same as that of \"a\""});
  expect_problem(key + "tenant = \"a b\"\n", "1:1", {"tenant"});
  expect_problem("[[api_key]]\nname = \"" + std::string(65, 'n') +
                     "\"\nsecret = \"0123456789abcdef\"\nchannels = [\"a\"]\n",
                 "1:1", {"name", "65 bytes", "at most 64"});
}

TEST(Config, EverythingThatIsWrongIsReportedAtOnceFromTheTop) {
  const Read result =
      read("[server]\nprot = 1\nhost = 7\n[limits]\nhello_timeout = \"x\"\n[auth]\nissuer = 1\n");
  ASSERT_EQ(result.problems.size(), 4U);
  EXPECT_EQ(result.problems[0].where, "relay.toml:2:1");
  EXPECT_EQ(result.problems[1].where, "relay.toml:3:8");
  EXPECT_EQ(result.problems[2].where, "relay.toml:5:17");
  EXPECT_EQ(result.problems[3].where, "relay.toml:7:10");
}

TEST(Config, WhatIsNotTomlSaysWhere) {
  expect_problem("[server]\nport = \n", "2:8", {"not TOML"});
  expect_problem("[server\n", "1:8", {"not TOML"});
  expect_problem("[server]\nport = 1\nport = 2\n", "3:8", {"not TOML", "port"});
}

TEST(Config, SecretsAreNeverRepeated) {
  const Read result = read(
      "[auth]\nhs256_secret = \"hunter2-too-short\"\n"
      "[[api_key]]\nname = \"a\"\nsecret = \"hunter2\"\nchannels = [\"a\"]\n");
  ASSERT_EQ(result.problems.size(), 2U);
  for (const ConfigProblem& problem : result.problems) {
    EXPECT_EQ(problem.text().find("hunter2"), std::string::npos) << problem.text();
  }
  Config config = read("[auth]\nhs256_secret = \"" + std::string(kSecret) + "\"\n").config;
  EXPECT_EQ(describe_config(config).find(kSecret), std::string::npos);
  EXPECT_NE(describe_config(config).find("sha256:"), std::string::npos);
}

// ---- layers

TEST(ConfigLayers, OptionOverEnvironmentOverFileOverDefault) {
  const test::TemporaryFolder folder;
  ConfigSources sources;
  sources.file = folder.write("relay.toml", "[server]\nport = 1\nworkers = 1\nhost = \"file\"\n");
  sources.environment = {{"TIDEGATE_SERVER_PORT", "2"}, {"TIDEGATE_SERVER_WORKERS", "2"}};
  sources.options = {{"--port", "server.port", "3"}};
  const LoadedConfig loaded = load_config(sources);
  ASSERT_TRUE(loaded.problems.empty()) << loaded.problems[0].text();
  EXPECT_EQ(loaded.config.server.port, 3U);
  EXPECT_EQ(loaded.config.server.workers, 2U);
  EXPECT_EQ(loaded.config.server.host, "file");
  EXPECT_EQ(loaded.config.server.connections_max, limits::connections_default);
}

TEST(ConfigLayers, WrongVariablesAndOptionsAreNamed) {
  ConfigSources sources;
  sources.environment = {{"TIDEGATE_SERVER_PORT", "http"},
                         {"TIDEGATE_LIMITS_HELLO_TIMEOUT", "1"},
                         {"TIDEGATE_SERVER_PROT", "1"},
                         {"TIDEGATE_TOKEN", "somebody else's"}};
  sources.options = {{"--log-format", "log.format", "jsn"}};
  const LoadedConfig loaded = load_config(sources);
  ASSERT_EQ(loaded.problems.size(), 4U);
  EXPECT_EQ(loaded.problems[0].where, "environment TIDEGATE_SERVER_PORT");
  EXPECT_NE(loaded.problems[0].message.find("a whole number"), std::string::npos);
  EXPECT_EQ(loaded.problems[1].where, "environment TIDEGATE_LIMITS_HELLO_TIMEOUT");
  EXPECT_NE(loaded.problems[2].message.find("TIDEGATE_SERVER_PORT"), std::string::npos);
  EXPECT_EQ(loaded.problems[3].where, "option --log-format");
  EXPECT_NE(loaded.problems[3].message.find("did you mean \"json\"?"), std::string::npos);
}

TEST(ConfigLayers, EverySettingHasAVariable) {
  Config config;
  for (const Setting& setting : settings_of(config)) {
    const LoadedConfig loaded = load_config({"", {{variable_of(setting.path), ""}}, {}});
    ASSERT_EQ(loaded.problems.size(), 1U) << setting.path;
    EXPECT_EQ(loaded.problems[0].where, "environment " + variable_of(setting.path));
  }
}

TEST(ConfigLayers, ASecretMayStandInAFileOfItsOwn) {
  const test::TemporaryFolder folder;
  folder.write("secrets/jwt", std::string(kSecret) + "\n");
  folder.write("secrets/key", "0123456789abcdef\r\n");
  const std::string file = folder.write("relay.toml",
                                        "[auth]\nhs256_secret_file = \"secrets/jwt\"\n"
                                        "[[api_key]]\nname = \"a\"\nsecret_file = \"secrets/key\"\n"
                                        "channels = [\"a\"]\n");
  const LoadedConfig loaded = load_config({file, {}, {}});
  ASSERT_TRUE(loaded.problems.empty()) << loaded.problems[0].text();
  EXPECT_EQ(loaded.config.auth.hs256_secret.reveal(), kSecret);
  EXPECT_EQ(loaded.config.api_keys.at(0).secret.reveal(), "0123456789abcdef");
  const std::string other(40, 'o');
  const LoadedConfig over = load_config({file, {{"TIDEGATE_AUTH_HS256_SECRET", other}}, {}});
  EXPECT_EQ(over.config.auth.hs256_secret.reveal(), other);
}

TEST(ConfigLayers, SecretFilesThatAreWrong) {
  const test::TemporaryFolder folder;
  folder.write("short", "hunter2\n");
  const auto problem = [&](const std::string& auth) {
    const LoadedConfig loaded =
        load_config({folder.write("relay.toml", "[auth]\n" + auth), {}, {}});
    EXPECT_EQ(loaded.problems.size(), 1U) << auth;
    return loaded.problems.empty() ? "" : loaded.problems[0].text();
  };
  EXPECT_NE(problem("hs256_secret_file = \"missing\"\n").find("relay.toml:2:21"),
            std::string::npos);
  EXPECT_NE(problem("hs256_secret_file = \"missing\"\n").find("No such file"), std::string::npos);
  EXPECT_NE(problem("hs256_secret_file = \"short\"\n").find("a secret of 7 bytes"),
            std::string::npos);
  EXPECT_EQ(problem("hs256_secret_file = \"short\"\n").find("hunter2"), std::string::npos);
  const std::string both =
      "hs256_secret = \"" + std::string(kSecret) + "\"\nhs256_secret_file = \"short\"\n";
  EXPECT_NE(problem(both).find("one of them"), std::string::npos);
}

TEST(ConfigLayers, AFileThatCannotBeRead) {
  const test::TemporaryFolder folder;
  EXPECT_NE(load_config({(folder.path() / "none.toml").string(), {}, {}})
                .problems.at(0)
                .text()
                .find("cannot be read"),
            std::string::npos);
  EXPECT_NE(
      load_config({folder.path().string(), {}, {}}).problems.at(0).text().find("cannot be read"),
      std::string::npos);
  const std::string huge =
      folder.write("huge.toml", std::string(limits::config_file_bytes_max + 1, '#'));
  EXPECT_NE(load_config({huge, {}, {}}).problems.at(0).text().find("has more than"),
            std::string::npos);
}

// ---- in words

TEST(ConfigWords, TheExampleIsValidAndSetsEveryKey) {
  const std::string file = TIDEGATE_SOURCE_DIR "/examples/relay.toml";
  const LoadedConfig loaded = load_config({file, {}, {}});
  ASSERT_TRUE(loaded.problems.empty()) << loaded.problems[0].text();
  EXPECT_TRUE(config_warnings(loaded.config).empty());
  EXPECT_EQ(loaded.config.relay.namespaces.size(), 6U);
  const auto text = read_text_file(file, limits::config_file_bytes_max);
  Config config;
  ApiKeySettings key;
  relay::Namespace rules;
  for (const auto& settings : {settings_of(config), settings_of(key), settings_of(rules)}) {
    for (const Setting& setting : settings) {
      const std::string name = setting.path.substr(setting.path.rfind('.') + 1);
      EXPECT_NE(text->find(name), std::string::npos)
          << "the example does not show " << setting.path;
    }
  }
}

TEST(ConfigWords, SaysWhoMayDoWhat) {
  Config config =
      read(
          "[[namespace]]\nchannel = \"chat:{room}\"\npublish = \"capability\"\nhistory = { count = "
          "7 }\n"
          "[[api_key]]\nname = \"b\"\nsecret = \"0123456789abcdef\"\nchannels = [\"chat:*\"]\n")
          .config;
  const std::string text = describe_config(config);
  for (const char* words : {"chat:{room}", "last 7 publications", "token allows \"publish\"",
                            "b (sha256:", "on chat:*", "every token is refused"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
}

TEST(ConfigWords, SaysOfWhatKindChannelsAre) {
  const std::string text = describe_config(
      read("[[namespace]]\nchannel = \"a\"\nkind = \"state\"\nrecords = { count = 9 }\n"
           "record_ttl = \"3m\"\nmin_interval = \"250ms\"\nlisted = true\n"
           "[[namespace]]\nchannel = \"b\"\nkind = \"signal\"\nsignal_ttl = \"4s\"\nthin = "
           "[\"id\"]\n")
          .config);
  for (const char* words :
       {"state; at most 9 records", "not renewed for 3m", "signal; of the moment", "4s",
        "served every 250ms", "by its pattern, too", "of their payload only id"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
}

TEST(ConfigWords, WarnsOfNamespacesThatAreNeverReached) {
  const auto warnings = [](const std::string& first, const std::string& second) {
    Config config = read("[auth]\nhs256_secret = \"" + std::string(kSecret) +
                         "\"\n[[namespace]]\nchannel = \"" + first +
                         "\"\n[[namespace]]\nchannel = \"" + second + "\"\n")
                        .config;
    return config_warnings(config).size();
  };
  EXPECT_EQ(warnings("**", "a:{b}"), 1U);
  EXPECT_EQ(warnings("a:*", "a:b"), 1U);
  EXPECT_EQ(warnings("a:{x}", "a:*"), 1U);
  EXPECT_EQ(warnings("a:b", "a:*"), 0U);
  EXPECT_EQ(warnings("a:*", "a:**"), 0U);
  EXPECT_EQ(warnings("a:**", "b:**"), 0U);
}

TEST(ConfigWords, WarnsOfAnOpenNetworkAndOfMissingKeys) {
  EXPECT_EQ(config_warnings(Config()).size(), 2U);  // no key for tokens, no namespace
  Config open = read("[server]\nhost = \"0.0.0.0\"\n").config;
  EXPECT_EQ(config_warnings(open).size(), 3U);
}

TEST(ConfigStore, IsInMemoryUnlessAFileIsNamed) {
  EXPECT_EQ(read("").config.store.type, StoreType::Memory);
  EXPECT_FALSE(store_problem(StoreSettings{}).has_value());
  const Read sqlite = read("[store]\ntype = \"sqlite\"\npath = \"history.db\"\n");
  ASSERT_TRUE(sqlite.problems.empty());
  EXPECT_EQ(sqlite.config.store.type, StoreType::Sqlite);
  EXPECT_EQ(sqlite.config.store.path, "history.db");
  expect_problem("[store]\ntype = \"sqlit\"\n", "2:8", {"store.type", "memory", "sqlite"});
  EXPECT_NE(describe_config(sqlite.config).find("sqlite: history and epochs outlive"),
            std::string::npos);
}

TEST(ConfigStore, ItsPathIsRelativeToTheFileThatNamesIt) {
  Read result;
  read_config_text("[store]\ntype = \"sqlite\"\npath = \"history.db\"\n", "/etc/t/relay.toml",
                   result.config, result.problems);
  EXPECT_EQ(result.config.store.path, "/etc/t/history.db");
}

TEST(ConfigStore, APlaceThatCannotHoldItIsNamed) {
  const test::TemporaryFolder folder;
  const auto problem = [](StoreType type, const std::string& path) {
    return store_problem({type, path}).value_or("");
  };
  EXPECT_EQ(problem(StoreType::Sqlite, (folder.path() / "h.db").string()), "");
  EXPECT_NE(problem(StoreType::Sqlite, "").find("store.path is missing"), std::string::npos);
  EXPECT_NE(
      problem(StoreType::Sqlite, (folder.path() / "no" / "h.db").string()).find("does not exist"),
      std::string::npos);
  EXPECT_NE(problem(StoreType::Sqlite, folder.path().string()).find("is a folder"),
            std::string::npos);
  EXPECT_NE(problem(StoreType::Memory, "h.db").find("the store is in memory"), std::string::npos);
}

}  // namespace
}  // namespace tidegate::app

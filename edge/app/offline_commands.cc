// The commands that connect to nothing: check, token, version.
#include <ostream>

#include "edge/app/command.h"
#include "edge/app/config_words.h"
#include "edge/app/store_choice.h"
#include "edge/app/version.h"
#include "edge/auth/token_mint.h"
#include "edge/net/clock.h"

namespace tidegate::app {
namespace {

bool report_problems(const LoadedConfig& loaded, const Terminal& terminal) {
  for (const ConfigProblem& problem : loaded.problems) terminal.err << problem.text() << "\n";
  return !loaded.problems.empty();
}

auth::TokenRequest request_of(const TokenCommand& command, const AuthSettings& auth) {
  auth::TokenRequest request;
  request.subject = command.subject;
  request.tenant = command.tenant;
  request.token_id = command.token_id;
  request.issuer = auth.issuer;
  request.audience = auth.audience;
  request.ttl = command.ttl;
  if (!command.subscribe.empty()) request.grants.push_back({command.subscribe, {"subscribe"}});
  if (!command.publish.empty()) request.grants.push_back({command.publish, {"publish"}});
  if (!command.history.empty()) request.grants.push_back({command.history, {"history"}});
  return request;
}

}  // namespace

int run_command(const CheckCommand& command, const Terminal& terminal) {
  const LoadedConfig loaded = load_config({command.config, tidegate_environment(), {}});
  if (report_problems(loaded, terminal)) return kExitFailure;
  if (const auto problem = store_problem(loaded.config.store)) {
    terminal.err << command.config << ": " << *problem << "\n";
    return kExitFailure;
  }
  terminal.out << command.config << " is valid.\n\n" << describe_config(loaded.config);
  for (const std::string& warning : config_warnings(loaded.config)) {
    terminal.err << "warning: " << warning << "\n";
  }
  return kExitOk;
}

int run_command(const TokenCommand& command, const Terminal& terminal) {
  ConfigSources sources{command.config, tidegate_environment(), {}};
  if (!command.secret.empty()) {
    sources.options.push_back({"--secret", "auth.hs256_secret", command.secret});
  }
  const LoadedConfig loaded = load_config(sources);
  if (report_problems(loaded, terminal)) return kExitFailure;
  if (loaded.config.auth.hs256_secret.empty()) {
    terminal.err << "tidegate token: no secret to sign with: give --config, --secret, or "
                    "TIDEGATE_AUTH_HS256_SECRET in the environment\n";
    return kExitUsage;
  }
  const auto key = auth::JwtKey::hs256(loaded.config.auth.hs256_secret);
  const auto token =
      key ? auth::mint_token(*key, request_of(command, loaded.config.auth), net::real_now().wall)
          : Result<std::string>(key.error());
  if (!token) {
    terminal.err << "tidegate token: " << token.error().message << "\n";
    return kExitFailure;
  }
  if (command.subscribe.empty() && command.publish.empty() && command.history.empty()) {
    terminal.err << "tidegate token: note: it allows nothing without --subscribe, --publish or "
                    "--history\n";
  }
  terminal.out << *token << "\n";
  return kExitOk;
}

int run_command(const VersionCommand&, const Terminal& terminal) {
  terminal.out << version_line() << "\n";
  return kExitOk;
}

}  // namespace tidegate::app

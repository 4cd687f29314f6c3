// Issues and verifies fake tokens.
#include "tests/sim/sim_tokens.h"

#include "tests/sim/sim_redaction.h"

namespace tidegate::sim {
namespace {

ChannelPattern must_parse_pattern(const std::string& text) {
  auto parsed = ChannelPattern::parse(text);
  TIDEGATE_CHECK(parsed.ok());
  return std::move(parsed).value();
}

}  // namespace

std::string SimTokens::issue(SimToken token) {
  const std::string text = "token-" + std::to_string(tokens_.size());
  tokens_.emplace(text, std::move(token));
  return text;
}

const SimToken* SimTokens::find(const std::string& text) const {
  const auto found = tokens_.find(text);
  return found == tokens_.end() ? nullptr : &found->second;
}

void SimTokens::allow(std::vector<Capability>& capabilities, std::uint64_t mask,
                      Action action) const {
  const std::uint64_t all = (1ULL << directory_.channel_count()) - 1;
  Capability capability;
  capability.allow = static_cast<std::uint8_t>(action);
  if (mask == all) {
    capability.channels.push_back(must_parse_pattern("**"));
  } else {
    for (std::uint32_t i = 0; i < directory_.channel_count(); ++i) {
      if ((mask >> i & 1) != 0) {
        capability.channels.push_back(must_parse_pattern(directory_.channel(i).name.str()));
      }
    }
  }
  capabilities.push_back(std::move(capability));
}

Result<relay::ClaimsPtr> SimTokens::verify(const std::string& text, WallTime now) const {
  const SimToken* token = find(text);
  if (token == nullptr) return Error{ErrorCode::TokenInvalid, "no such token", 0};
  if (token->expires_at && *token->expires_at <= now) {
    return Error{ErrorCode::TokenExpired, "the token has expired", 0};
  }
  auto claims = std::make_shared<relay::Claims>();
  claims->tenant = directory_.tenant_name(token->tenant);
  claims->subject = token->subject;
  if (token->is_outsider) claims->token_id = kOutsider;
  claims->expires_at = token->expires_at;
  allow(claims->capabilities, token->may_subscribe, Action::Subscribe);
  allow(claims->capabilities, token->may_publish, Action::Publish);
  return relay::ClaimsPtr(std::move(claims));
}

}  // namespace tidegate::sim

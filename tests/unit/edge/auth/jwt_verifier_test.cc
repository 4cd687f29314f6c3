// Tokens good and bad. Each bad one differs from a good one in exactly the thing it is named after.
#include "edge/auth/jwt_verifier.h"

#include <gtest/gtest.h>

#include "tests/unit/edge/auth/signed_token.h"

namespace tidegate::auth {
namespace {

using test::kHs256Header;
using test::kNow;
using test::kNowSeconds;
using test::payload_with;
using test::sign;

JwtVerifier verifier(JwtPolicy policy = {}, std::string_view secret = test::kSecret) {
  auto key = JwtKey::hs256(Secret(std::string(secret)));
  return JwtVerifier({std::move(key).value()}, std::move(policy));
}

/// The refusal's code and message; and, whatever it is, that it does not give the token away.
Error refusal(const std::string& token, const JwtPolicy& policy = {}) {
  const auto result = verifier(policy).verify(token, kNow);
  if (result.ok()) return Error{ErrorCode::Internal, "(accepted)", 0};
  if (token.size() > 8) {
    EXPECT_EQ(result.error().message.find(token.substr(0, 8)), std::string::npos);
  }
  return result.error();
}

void expect_invalid(const std::string& token, std::string_view words,
                    const JwtPolicy& policy = {}) {
  const Error error = refusal(token, policy);
  EXPECT_EQ(error.code, ErrorCode::TokenInvalid) << error.message;
  EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
}

void expect_payload_invalid(const std::string& payload, std::string_view words) {
  expect_invalid(sign(kHs256Header, payload), words);
}

ChannelName channel(std::string_view name) { return ChannelName::parse(name).value(); }

TEST(JwtVerifier, ReadsAGoodToken) {
  const std::string token =
      sign(kHs256Header,
           payload_with(R"("tenant":"acme","jti":"t-1","capabilities":[)"
                        R"({"channels":["airport:*:departures","x"],"allow":["subscribe"]},)"
                        R"({"channels":["chat:{room}"],"allow":["subscribe","publish"]}],)"));
  const auto claims = verifier().verify(token, kNow);
  ASSERT_TRUE(claims.ok()) << claims.error().message;
  const relay::Claims& it = **claims;
  EXPECT_EQ(it.subject, "alice");
  EXPECT_EQ(it.tenant, "acme");
  EXPECT_EQ(it.token_id, "t-1");
  EXPECT_EQ(it.expires_at, kNow + std::chrono::seconds{630});  // with the leeway
  EXPECT_TRUE(allows(it.capabilities, Action::Subscribe, channel("airport:SFO:departures")));
  EXPECT_FALSE(allows(it.capabilities, Action::Publish, channel("airport:SFO:departures")));
  EXPECT_TRUE(allows(it.capabilities, Action::Publish, channel("chat:7")));
  EXPECT_FALSE(allows(it.capabilities, Action::Subscribe, channel("airport:SFO:arrivals")));
}

TEST(JwtVerifier, ATokenWithoutCapabilitiesIsValidAndAllowsNothing) {
  const auto claims = verifier().verify(sign(kHs256Header, payload_with()), kNow);
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ((*claims)->tenant, "default");
  EXPECT_TRUE((*claims)->capabilities.empty());
}

TEST(JwtVerifier, TheExampleOfRfc7515) {
  // Appendix A.1: signed by somebody else's implementation; it expired in 2011.
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const auto secret = decode_base64(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
      Base64::Url);
  const auto result = verifier({}, as_text(*secret)).verify(token, kNow);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::TokenExpired);
  // In its day the signature and the times were right, and it only lacked a subject.
  const auto then = verifier({}, as_text(*secret)).verify(token, wall_from_ms(1'300'819'000'000));
  ASSERT_FALSE(then.ok());
  EXPECT_NE(then.error().message.find("sub is missing"), std::string::npos);
}

TEST(JwtVerifier, NoToken) { EXPECT_EQ(refusal("").code, ErrorCode::TokenRequired); }

TEST(JwtVerifier, NotAJwt) {
  for (const char* token : {"x", "a.b", "a.b.c.d", "..", "not a token at all", "\xFF.\xFF.\xFF"}) {
    EXPECT_EQ(refusal(token).code, ErrorCode::TokenInvalid) << token;
  }
}

TEST(JwtVerifier, AlgNone) {
  const std::string none = R"({"alg":"none"})";
  expect_invalid(test::part(none) + "." + test::part(payload_with()) + ".", "algorithm");
  expect_invalid(sign(none, payload_with()), "algorithm");
  expect_invalid(sign(R"({"alg":"None"})", payload_with()), "algorithm");
}

TEST(JwtVerifier, OtherAlgorithms) {
  for (const char* alg : {"HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256", "HS256 ", ""}) {
    expect_invalid(sign(R"({"alg":")" + std::string(alg) + R"("})", payload_with()), "algorithm");
  }
  expect_invalid(sign("{}", payload_with()), "names no algorithm");
  expect_invalid(sign(R"({"alg":["HS256"]})", payload_with()), "names no algorithm");
}

TEST(JwtVerifier, WrongKey) {
  const std::string other(40, 'x');
  expect_invalid(sign(kHs256Header, payload_with(), other), "signature does not match");
}

TEST(JwtVerifier, ChangedPayload) {
  const std::string token = sign(kHs256Header, payload_with());
  const std::string signature = token.substr(token.rfind('.'));
  const std::string root = test::part(payload_with(R"("tenant":"root",)"));
  expect_invalid(test::part(kHs256Header) + "." + root + signature, "signature does not match");
}

TEST(JwtVerifier, EverySignatureButTheRightOne) {
  const std::string token = sign(kHs256Header, payload_with());
  const std::string text = token.substr(0, token.rfind('.') + 1);
  expect_invalid(text, "signature does not match");
  expect_invalid(token.substr(0, token.size() - 4), "");
  expect_invalid(token + "AAAA", "signature does not match");
}

TEST(JwtVerifier, ASecondSpellingOfTheSignature) {
  // 32 bytes leave two unused bits in the last character: a lenient decoder takes four spellings.
  const std::string token = sign(kHs256Header, payload_with());
  for (const char c :
       std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    const std::string changed = token.substr(0, token.size() - 1) + c;
    if (changed != token) {
      EXPECT_EQ(refusal(changed).code, ErrorCode::TokenInvalid);
    }
  }
}

TEST(JwtVerifier, BadBase64) {
  const std::string token = sign(kHs256Header, payload_with());
  expect_invalid(token + "=", "base64url");
  expect_invalid("=" + token, "header is not base64url");
  expect_invalid(token.substr(0, 10) + "+" + token.substr(11), "base64url");
}

TEST(JwtVerifier, ExpiredCountsFromTheLeeway) {
  const auto at = [](std::int64_t exp) {
    return R"({"sub":"a","exp":)" + std::to_string(exp) + "}";
  };
  EXPECT_EQ(refusal(sign(kHs256Header, at(kNowSeconds - 30))).code, ErrorCode::TokenExpired);
  EXPECT_EQ(refusal(sign(kHs256Header, at(0))).code, ErrorCode::TokenExpired);
  const auto within = verifier().verify(sign(kHs256Header, at(kNowSeconds - 29)), kNow);
  ASSERT_TRUE(within.ok());
  EXPECT_GT(*(*within)->expires_at, kNow);
}

TEST(JwtVerifier, ExpiryIsMandatoryAndANumber) {
  expect_payload_invalid(R"({"sub":"a"})", "exp is missing");
  expect_payload_invalid(R"({"sub":"a","exp":"1999999999"})", "exp is not a number");
  expect_payload_invalid(R"({"sub":"a","exp":null})", "exp is not a number");
  expect_payload_invalid(R"({"sub":"a","exp":1e300})", "exp is not a time");
  expect_payload_invalid(R"({"sub":"a","exp":-1})", "exp is not a time");
  expect_payload_invalid(R"({"sub":"a","exp":1767226200000})",
                         "exp is not a time");  // milliseconds
}

TEST(JwtVerifier, NotBefore) {
  const auto from = [](const std::string& nbf) { return payload_with(R"("nbf":)" + nbf + ","); };
  expect_payload_invalid(from(std::to_string(kNowSeconds + 31)), "nbf is in the future");
  expect_payload_invalid(from("\"soon\""), "nbf is not a number");
  const std::string just = from(std::to_string(kNowSeconds + 30));
  EXPECT_TRUE(verifier().verify(sign(kHs256Header, just), kNow).ok());
}

TEST(JwtVerifier, CriticalExtensions) {
  expect_invalid(sign(R"({"alg":"HS256","crit":["exp"],"exp":1})", payload_with()), "crit");
  expect_invalid(sign(R"({"alg":"HS256","crit":[]})", payload_with()), "crit");
}

TEST(JwtVerifier, DuplicateKeys) {
  expect_payload_invalid(payload_with(R"("sub":"root",)"), "stands twice");
  expect_invalid(sign(R"({"alg":"none","alg":"HS256"})", payload_with()), "stands twice");
  expect_payload_invalid(
      payload_with(
          R"("capabilities":[{"channels":["**"],"channels":["a"],"allow":["subscribe"]}],)"),
      "stands twice");
  // The same name in two objects is not a duplicate.
  EXPECT_TRUE(verifier()
                  .verify(sign(kHs256Header, payload_with(R"("a":{"sub":1},"b":{"sub":1},)")), kNow)
                  .ok());
}

TEST(JwtVerifier, BadJson) {
  expect_payload_invalid("", "is not JSON");
  expect_payload_invalid("{", "is not JSON");
  expect_payload_invalid("[]", "not a JSON object");
  expect_payload_invalid(payload_with() + "x", "is not JSON");
  expect_payload_invalid(payload_with("\"x\":\"\xFF\","), "is not JSON");
  expect_payload_invalid(
      payload_with("\"x\":" + std::string(100, '[') + std::string(100, ']') + ","),
      "nested too deeply");
  expect_invalid(sign("\"HS256\"", payload_with()), "not a JSON object");
}

TEST(JwtVerifier, TooLong) {
  const std::string filler(limits::token_bytes_max, 'x');
  expect_payload_invalid(payload_with("\"x\":\"" + filler + "\","), "at most 8192");
}

TEST(JwtVerifier, Subject) {
  const std::string exp = R"("exp":)" + std::to_string(kNowSeconds + 600) + "}";
  expect_payload_invalid("{" + exp, "sub is missing");
  expect_payload_invalid(R"({"sub":"",)" + exp, "sub must have 1 to 255 bytes");
  expect_payload_invalid(R"({"sub":7,)" + exp, "sub is not a string");
  expect_payload_invalid(R"({"sub":")" + std::string(256, 'x') + "\"," + exp, "1 to 255 bytes");
}

TEST(JwtVerifier, Tenant) {
  expect_payload_invalid(payload_with(R"("tenant":"",)"), "tenant must have");
  expect_payload_invalid(payload_with(R"("tenant":"a b",)"), "tenant may only have");
  expect_payload_invalid(payload_with(R"("tenant":["a"],)"), "tenant is not a string");
  expect_payload_invalid(payload_with("\"tenant\":\"" + std::string(65, 'x') + "\","),
                         "1 to 64 bytes");
  expect_payload_invalid(payload_with("\"jti\":\"" + std::string(256, 'x') + "\","),
                         "1 to 255 bytes");
}

TEST(JwtVerifier, IssuerAndAudience) {
  const JwtPolicy policy{"https://issuer", "relay"};
  const auto with = [](const std::string& members) {
    return sign(kHs256Header, payload_with(members));
  };
  const std::string iss = R"("iss":"https://issuer",)";
  EXPECT_TRUE(verifier(policy).verify(with(iss + R"("aud":"relay",)"), kNow).ok());
  EXPECT_TRUE(verifier(policy).verify(with(iss + R"("aud":["x","relay"],)"), kNow).ok());
  expect_invalid(with(iss), "aud", policy);
  expect_invalid(with(iss + R"("aud":"other",)"), "aud", policy);
  expect_invalid(with(iss + R"("aud":["relays"],)"), "aud", policy);
  expect_invalid(with(iss + R"("aud":[],)"), "aud", policy);
  expect_invalid(with(iss + R"("aud":{"relay":1},)"), "aud", policy);
  expect_invalid(with(R"("aud":"relay",)"), "iss", policy);
  expect_invalid(with(R"("iss":"https://issuer/","aud":"relay",)"), "iss", policy);
  expect_invalid(with(R"("iss":["https://issuer"],"aud":"relay",)"), "iss", policy);
}

TEST(JwtVerifier, MalformedCapabilitiesRefuseTheToken) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "capabilities is not a list"},
      {R"([1])", "capabilities[0] is not an object"},
      {R"([{"channels":["a"]}])", "capabilities[0].allow"},
      {R"([{"allow":["subscribe"]}])", "capabilities[0].channels"},
      {R"([{"channels":"a","allow":["subscribe"]}])", "is not a list of strings"},
      {R"([{"channels":[],"allow":["subscribe"]}])", "is not a list of strings"},
      {R"([{"channels":[1],"allow":["subscribe"]}])", "is not a list of strings"},
      {R"([{"channels":["a:**:b"],"allow":["subscribe"]}])", "bad pattern"},
      {R"([{"channels":["a"],"allow":["subscrib"]}])", "unknown action"},
      {R"([{"channels":["a"],"allow":["subscribe"],"unless":"x"}])", "member other than"},
  };
  for (const auto& [capabilities, words] : cases) {
    expect_payload_invalid(payload_with("\"capabilities\":" + std::string(capabilities) + ","),
                           words);
  }
}

TEST(JwtVerifier, AnyOfSeveralKeys) {
  const std::string old(40, 'o');
  const JwtVerifier both({JwtKey::hs256(Secret(std::string(test::kSecret))).value(),
                          JwtKey::hs256(Secret(old)).value()},
                         {});
  EXPECT_TRUE(both.verify(sign(kHs256Header, payload_with()), kNow).ok());
  EXPECT_TRUE(both.verify(sign(kHs256Header, payload_with(), old), kNow).ok());
  EXPECT_FALSE(both.verify(sign(kHs256Header, payload_with(), std::string(40, 'z')), kNow).ok());
}

TEST(JwtVerifier, WithoutKeysEveryTokenIsRefused) {
  const JwtVerifier none({}, {});
  EXPECT_EQ(none.verify(sign(kHs256Header, payload_with()), kNow).error().code,
            ErrorCode::TokenInvalid);
}

TEST(JwtKey, ASecretShorterThanTheHashIsRefused) {
  EXPECT_FALSE(JwtKey::hs256(Secret(std::string(31, 'x'))).ok());
  EXPECT_TRUE(JwtKey::hs256(Secret(std::string(32, 'x'))).ok());
  const auto error = JwtKey::hs256(Secret("short-secret")).error();
  EXPECT_EQ(error.message.find("short-secret"), std::string::npos);
}

}  // namespace
}  // namespace tidegate::auth

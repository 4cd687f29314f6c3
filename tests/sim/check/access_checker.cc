// Reads both directions of every connection at the relay's side.
#include "tests/sim/check/access_checker.h"

#include "tests/sim/check/wire_peek.h"

namespace tidegate::sim {
namespace {

using namespace std::chrono_literals;

// The relay notices an expiry by a timer, which may come late by what the options say.
constexpr auto kExpiryGrace = 500ms;

std::string on_link(LinkId link) {
  return " on link " + std::to_string(static_cast<std::uint32_t>(link));
}

}  // namespace

void AccessChecker::relay_read(LinkId link, ByteView message) {
  Seen& seen = links_[link];
  if (!seen.token.empty()) return;
  peek_frames(message, [&](const PeekedFrame& frame) {
    PeekedHello hello;
    if (frame.type == kPeekHello && peek_hello(frame.body, hello)) seen.token = hello.token;
  });
}

void AccessChecker::relay_wrote(LinkId link, ByteView message) {
  Seen& seen = links_[link];
  const bool whole = peek_frames(message, [&](const PeekedFrame& frame) {
    if (frame.type == kPeekSubscribed) check_subscribed(link, seen, frame.body);
    if (frame.type == kPeekBlock) check_block(link, seen, frame.body);
    std::uint32_t stream = 0;
    if (frame.type == kPeekUnsubscribed && peek_unsubscribed(frame.body, stream)) {
      seen.channel_of_stream.erase(stream);
    }
  });
  if (!whole) context_.fail("I3", "the relay wrote bytes that are not frames" + on_link(link));
}

void AccessChecker::check_subscribed(LinkId link, Seen& seen, std::span<const std::uint8_t> body) {
  PeekedSubscribed subscribed;
  if (!peek_subscribed(body, subscribed)) {
    return context_.fail("I3", "a malformed subscribe answer" + on_link(link));
  }
  const auto channel = directory_.find_channel(subscribed.channel);
  if (!channel) {
    return context_.fail("I3", "subscribed to a channel of nobody: " + subscribed.channel);
  }
  std::string why;
  if (!token_allows(seen, *channel, why)) {
    return context_.fail("I3", "subscribed to " + subscribed.channel + " " + why + on_link(link));
  }
  const SimToken* token = tokens_.find(seen.token);
  const std::string epoch = subscribed.epoch.substr(0, subscribed.epoch.find('~'));
  // (Signals are in no store, so the oracle does not know their epochs.)
  if (subscribed.kind != kPeekKindSignal &&
      oracle_.find({token->tenant, *channel}, epoch) == nullptr) {
    return context_.fail("I3", "subscribed to an epoch that this tenant's " + subscribed.channel +
                                   " never had" + on_link(link));
  }
  // Of a state channel a client may have several, one for each filter.
  for (auto it = seen.channel_of_stream.begin();
       subscribed.kind != kPeekKindState && it != seen.channel_of_stream.end();) {
    it = it->second == *channel ? seen.channel_of_stream.erase(it) : std::next(it);
  }
  seen.channel_of_stream[subscribed.stream] = *channel;
}

void AccessChecker::check_block(LinkId link, const Seen& seen, std::span<const std::uint8_t> body) {
  PeekedBlock block;
  if (!peek_block(body, block)) return context_.fail("I3", "a malformed block" + on_link(link));
  const auto bound = seen.channel_of_stream.find(block.stream);
  if (bound == seen.channel_of_stream.end()) {
    return context_.fail("I3", "a block of stream " + std::to_string(block.stream) +
                                   ", which was never bound" + on_link(link));
  }
  std::string why;
  if (!token_allows(seen, bound->second, why)) {
    context_.fail("I3", "a block of " + directory_.channel(bound->second).name.str() + " " + why +
                            on_link(link));
  }
}

bool AccessChecker::token_allows(const Seen& seen, std::uint32_t channel, std::string& why) const {
  const SimToken* token = tokens_.find(seen.token);
  if (token == nullptr) {
    why = "without a token that exists";
    return false;
  }
  if ((token->may_subscribe >> channel & 1) == 0) {
    why = "which its token does not allow";
    return false;
  }
  const auto grace = kExpiryGrace + context_.options.relay.timer_late_max;
  if (token->expires_at && !context_.wall_has_jumped &&
      context_.now().wall >
          *token->expires_at + std::chrono::ceil<std::chrono::milliseconds>(grace)) {
    why = "after its token had expired";
    return false;
  }
  return true;
}

}  // namespace tidegate::sim

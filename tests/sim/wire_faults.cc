// Takes messages apart frame by frame and puts them together again; what it does not touch goes on
// byte by byte.
#include "tests/sim/wire_faults.h"

#include <algorithm>

#include "core/base/limits.h"
#include "tests/sim/block_copy.h"

namespace tidegate::sim {
namespace {

/// A joined block stays small: it is a fault that is injected, not a load.
constexpr std::uint32_t kJoinedRowsMax = 1000;
constexpr std::size_t kJoinedBytesMax = 48 * 1024;
constexpr std::size_t kFrameHeaderBytes = 8;

bool is_digit(std::uint8_t byte) { return byte >= '0' && byte <= '9'; }

}  // namespace

bool WireFaults::is_off() const {
  const auto& network = context_.options.network;
  return network.earlier_cut_one_in == 0 && network.corrupt_one_in == 0;
}

bool WireFaults::loses(const relay::SharedMessage& message) {
  if (!context_.strikes(prng_, context_.options.network.lose_one_in)) return false;
  bool has_pages = false;
  peek_frames(message.payload(), [&](const PeekedFrame& frame) {
    has_pages = has_pages || (frame.type == kPeekBlock && (frame.flags & kPeekRecords) != 0);
  });
  if (!has_pages) context_.note("wire.lose", message.framed().size());
  return !has_pages;
}

relay::SharedMessagePtr WireFaults::pass(LinkId id, relay::SharedMessagePtr message) {
  const auto found = links_.find(id);
  if (is_off() || found == links_.end()) return message;
  Link& link = found->second;
  Bytes out;
  const std::uint64_t faults = earlier_cuts_ + corruptions_;
  peek_frames(message->payload(), [&](const PeekedFrame& frame) {
    if (frame.type == kPeekSubscribed) handle_subscribed(link, frame.body);
    if (frame.type == kPeekBlock) return handle_block(link, message, frame, out);
    const std::size_t bytes = kFrameHeaderBytes + (frame.body.size() + 7) / 8 * 8;
    const std::uint8_t* begin = frame.body.data() - kFrameHeaderBytes;
    out.insert(out.end(), begin, begin + bytes);
  });
  if (earlier_cuts_ + corruptions_ == faults) return message;
  return relay::SharedMessage::binary(out);
}

void WireFaults::handle_subscribed(Link& link, std::span<const std::uint8_t> body) {
  PeekedSubscribed subscribed;
  if (!peek_subscribed(body, subscribed)) return;
  const auto channel = directory_.find_channel(subscribed.channel);
  link.streams[subscribed.stream] = {channel.value_or(0), subscribed.kind == kPeekKindState, {}};
}

void WireFaults::handle_block(Link& link, const relay::SharedMessagePtr& message,
                              const PeekedFrame& frame, Bytes& out) {
  const auto body_at = static_cast<std::uint32_t>(frame.body.data() - message->payload().data());
  const std::size_t out_at = out.size();
  const std::uint8_t* begin = frame.body.data() - kFrameHeaderBytes;
  out.insert(out.end(), begin, begin + kFrameHeaderBytes + (frame.body.size() + 7) / 8 * 8);
  const BlockShape shape{(frame.flags & kPeekRecords) != 0, (frame.flags & kPeekSweep) != 0};
  const auto block = BlockView::parse(frame.body, body_at, shape);
  TIDEGATE_CHECK(block.ok());
  Stream& stream = link.streams[static_cast<std::uint32_t>(block->stream())];
  if (context_.strikes(prng_, context_.options.network.corrupt_one_in)) {
    corrupt(link, stream, *block, frame.body,
            std::span(out).subspan(out_at + kFrameHeaderBytes, frame.body.size()));
  } else if (prng_.one_in(context_.options.network.earlier_cut_one_in)) {
    Bytes joined;
    if (cut_earlier(stream, *block, frame, joined)) {
      out.resize(out_at);
      out.insert(out.end(), joined.begin(), joined.end());
    }
  }
  stream.last.reset();
  if (!shape.records) stream.last.emplace(Sent{message, *block});
}

/// Where the block before ends where this one begins, the two are one that begins earlier.
bool WireFaults::cut_earlier(Stream& stream, const BlockView& block, const PeekedFrame& frame,
                             Bytes& out) {
  if (!stream.last || block.shape().records) return false;
  const BlockView& before = stream.last->block;
  const std::size_t bytes = frame.body.size() + before.json().size();
  if (before.range().offset != block.range().previous || bytes > kJoinedBytesMax ||
      before.row_count() + block.row_count() > kJoinedRowsMax) {
    return false;
  }
  BlockWriter writer(block.stream(), {before.range().previous, block.range().offset});
  copy_rows(before, writer);
  copy_rows(block, writer);
  if ((frame.flags & kPeekDigest) != 0) writer.set_digest(block.digest());
  writer.finish(out);
  ++earlier_cuts_;
  context_.note("wire.earlier_cut", static_cast<std::uint64_t>(block.stream()),
                block.range().offset.value);
  return true;
}

/// One digit becomes another one, which leaves the JSON what it is.
void WireFaults::corrupt(Link& link, const Stream& stream, const BlockView& block, ByteView body,
                         std::span<std::uint8_t> copy) {
  if (!stream.is_records || block.row_count() == 0) return;
  std::vector<std::size_t> digits;
  const auto* json = reinterpret_cast<const std::uint8_t*>(block.json().data());
  const auto json_at = static_cast<std::size_t>(json - body.data());
  for (std::size_t at = 1; at < block.json().size(); ++at) {
    if (is_digit(json[at]) && (is_digit(json[at - 1]) || json[at - 1] == ':')) {
      digits.push_back(json_at + at);
    }
  }
  if (digits.empty()) return;
  std::uint8_t& digit = copy[digits[static_cast<std::size_t>(prng_.below(digits.size()))]];
  digit = static_cast<std::uint8_t>('1' + (digit - '0') % 9);
  ++corruptions_;
  corrupted_.insert({link.client, stream.channel});
  context_.note("wire.corrupt", link.client, stream.channel, block.range().offset.value);
}

}  // namespace tidegate::sim

#include "edge/relay/channel_view.h"

#include <utility>

#include "core/base/hash.h"

namespace tidegate::relay {
namespace {

constexpr char kTagMark = '~';

}  // namespace

std::string view_tag(const Filter* filter) {
  if (filter == nullptr) {
    return {};
  }
  const Hash128 hash = filter->hash();
  return kTagMark + Epoch::from_entropy(hash.high).token() + Epoch::from_entropy(hash.low).token();
}

ChannelView::ChannelView(std::uint32_t mirror, StreamId stream, FilterPtr filter)
    : mirror_(mirror), stream_(stream), filter_(std::move(filter)), tag_(view_tag(filter_.get())) {}

Epoch ChannelView::epoch_token(const Epoch& epoch) const {
  return tag_.empty() ? epoch : *Epoch::parse(epoch.token() + tag_);
}

}  // namespace tidegate::relay

#include "edge/relay/channel_view.h"

#include <utility>

namespace tidegate::relay {

ChannelView::ChannelView(std::uint32_t mirror, StreamId stream, ViewProgram program)
    : mirror_(mirror), stream_(stream), program_(std::move(program)), tag_(program_.tag()) {}

Epoch ChannelView::epoch_token(const Epoch& epoch) const {
  return tag_.empty() ? epoch : *Epoch::parse(epoch.token() + tag_);
}

}  // namespace tidegate::relay

// A publish on its way: from a connection or from outside, to the owner of its channel, and its
// answer back. Tickets are this shard's own, so that whoever waits may be gone when the answer
// comes.
#pragma once

#include <cstdint>
#include <map>
#include <variant>

#include "edge/relay/connection_writer.h"

namespace tidegate::relay {

class PublishFlow {
 public:
  PublishFlow(ShardContext& context, SessionTable& sessions, ConnectionWriter& writer)
      : context_(context), sessions_(sessions), writer_(writer) {}

  /// From an active session; rights are checked here. Answered by publish_ack or refused.
  void handle_frame(Now now, std::uint32_t slot, PublishFrame frame);
  /// From outside; answered by a PublishAnswer.
  void handle_request(Now now, PublishRequest request);
  void handle_settled(const PublishSettled& settled);
  std::size_t in_flight() const { return waiting_.size(); }

 private:
  struct FromConnection {
    ConnectionHandle connection;
    RequestId request;
    bool may_read = false;  // may be told, unredacted, a record that stands in its way
  };
  struct FromOutside {
    PublishTicket ticket;
  };
  using Publisher = std::variant<FromConnection, FromOutside>;

  Status check(const RelaySession& session, const PublishFrame& frame) const;
  static Status check_outside(const PublishRequest& request, const Namespace& rules);
  Status check_room() const;
  void submit(Now now, Publisher publisher, const std::string& tenant, const ChannelName& channel,
              std::string producer, PublicationDraft draft);
  void say_result(const FromConnection& publisher, const PublishResult& result);
  void refuse(std::uint32_t slot, RequestId request, const Error& error);

  ShardContext& context_;
  SessionTable& sessions_;
  ConnectionWriter& writer_;
  std::uint64_t tickets_given_ = 0;
  std::map<std::uint64_t, Publisher> waiting_;  // by ticket
};

}  // namespace tidegate::relay

// Names of the codes, and what a close code asks of a client.
#include "core/protocol/codes.h"

namespace tidegate {

DisconnectAdvice disconnect_advice(std::uint16_t close_code) {
  if (close_code >= 4100 && close_code < 4200) return DisconnectAdvice::RenewToken;
  if (close_code >= 4500 && close_code < 5000) return DisconnectAdvice::Stop;
  switch (close_code) {
    case 1002:  // protocol error
    case 1003:  // data of a kind that is not accepted
    case 1007:  // not UTF-8
    case 1008:  // policy violation
    case 1009:  // message too big
    case 1010:  // an extension is missing
      return DisconnectAdvice::Stop;
    default:
      return DisconnectAdvice::Reconnect;
  }
}

std::string_view disconnect_code_name(DisconnectCode code) {
  switch (code) {
    case DisconnectCode::Restarting:
      return "restarting";
    case DisconnectCode::HeartbeatTimeout:
      return "heartbeat_timeout";
    case DisconnectCode::HelloTimeout:
      return "hello_timeout";
    case DisconnectCode::Overloaded:
      return "overloaded";
    case DisconnectCode::InternalError:
      return "internal_error";
    case DisconnectCode::Unavailable:
      return "unavailable";
    case DisconnectCode::TokenExpired:
      return "token_expired";
    case DisconnectCode::MalformedFrame:
      return "malformed_frame";
    case DisconnectCode::UnsupportedVersion:
      return "unsupported_version";
    case DisconnectCode::TokenInvalid:
      return "token_invalid";
    case DisconnectCode::Forbidden:
      return "forbidden";
    case DisconnectCode::FrameTooLarge:
      return "frame_too_large";
    case DisconnectCode::UnexpectedFrame:
      return "unexpected_frame";
  }
  return "unknown";
}

std::string_view unsubscribe_code_name(UnsubscribeCode code) {
  switch (code) {
    case UnsubscribeCode::Insufficient:
      return "insufficient";
    case UnsubscribeCode::ByClient:
      return "by_client";
    case UnsubscribeCode::Forbidden:
      return "forbidden";
  }
  return "unknown";
}

std::string_view snapshot_reason_name(SnapshotReason reason) {
  switch (reason) {
    case SnapshotReason::None:
      return "none";
    case SnapshotReason::NoPosition:
      return "no_position";
    case SnapshotReason::EpochChanged:
      return "epoch_changed";
    case SnapshotReason::HistoryExceeded:
      return "history_exceeded";
    case SnapshotReason::PositionUnknown:
      return "position_unknown";
    case SnapshotReason::AnotherView:
      return "another_view";
  }
  return "unknown";
}

const char* publish_outcome_name(PublishOutcome outcome) {
  switch (outcome) {
    case PublishOutcome::Applied:
      return "applied";
    case PublishOutcome::Duplicate:
      return "duplicate";
    case PublishOutcome::Stale:
      return "stale";
  }
  return "unknown";
}

}  // namespace tidegate

// Names of the error codes: the one spelling used in logs, JSON answers, TypeScript and
// documentation.
#include "core/base/error.h"

namespace tidegate {

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::Timeout:
      return "timeout";
    case ErrorCode::Unavailable:
      return "unavailable";
    case ErrorCode::RateLimited:
      return "rate_limited";
    case ErrorCode::OutcomeUnknown:
      return "outcome_unknown";
    case ErrorCode::Busy:
      return "busy";
    case ErrorCode::ConnectionLost:
      return "connection_lost";
    case ErrorCode::TokenExpired:
      return "token_expired";
    case ErrorCode::TokenRequired:
      return "token_required";
    case ErrorCode::BadRequest:
      return "bad_request";
    case ErrorCode::InvalidChannel:
      return "invalid_channel";
    case ErrorCode::Forbidden:
      return "forbidden";
    case ErrorCode::UnknownNamespace:
      return "unknown_namespace";
    case ErrorCode::InvalidPayload:
      return "invalid_payload";
    case ErrorCode::PayloadTooLarge:
      return "payload_too_large";
    case ErrorCode::EpochMismatch:
      return "epoch_mismatch";
    case ErrorCode::IdempotencyConflict:
      return "idempotency_conflict";
    case ErrorCode::LimitExceeded:
      return "limit_exceeded";
    case ErrorCode::TokenInvalid:
      return "token_invalid";
    case ErrorCode::QueueFull:
      return "queue_full";
    case ErrorCode::Disposed:
      return "disposed";
    case ErrorCode::Unsupported:
      return "unsupported";
    case ErrorCode::NotFound:
      return "not_found";
    case ErrorCode::VersionMismatch:
      return "version_mismatch";
    case ErrorCode::HistoryExceeded:
      return "history_exceeded";
    case ErrorCode::MalformedFrame:
      return "malformed_frame";
    case ErrorCode::UnsupportedVersion:
      return "unsupported_version";
    case ErrorCode::FrameTooLarge:
      return "frame_too_large";
    case ErrorCode::UnexpectedFrame:
      return "unexpected_frame";
    case ErrorCode::UnknownFrameType:
      return "unknown_frame_type";
    case ErrorCode::Internal:
      return "internal";
  }
  return "unknown";
}

}  // namespace tidegate

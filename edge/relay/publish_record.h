// Makes the record of a publish: the immutable publication, whose it is, and what recognizes its
// repetition. Made where the publish arrives, so that the owner only appends and applies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/relay/claims.h"
#include "edge/relay/log_record.h"

namespace tidegate::relay {

/// Who publishes, as the scope of keys and event ids: nobody can use up, guess or collide with
/// another's. A client's session keeps its scope across reconnects.
std::string client_producer(const Claims& claims, std::string_view session_id);
/// A publisher outside of a connection, by the name that its API key has.
std::string server_producer(std::string_view tenant, std::string_view name);

/// The event id of a publication that was given a key but no id: the same wherever the relay runs.
std::string derived_event_id(std::string_view producer, std::string_view idempotency_key);

/// `draft` has passed check_draft, and check_thin where `thin` names members. Limits and members
/// are those of the channel's namespace. A repetition is recognized by all that was published, thin
/// or not.
LogRecordPtr make_record(WallTime now, std::string producer, PublicationDraft draft,
                         const RecordLimits& record_limits = {},
                         const std::vector<std::string>& thin = {});

}  // namespace tidegate::relay

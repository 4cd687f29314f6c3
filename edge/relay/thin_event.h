// Thin events: what happened to what, and no more. Readers fetch the rest where their rights to it
// are known, or drop it from a cache.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/stream/publication.h"

namespace tidegate::relay {

/// InvalidPayload unless there is an object to take members from. `draft` has passed check_draft.
Status check_thin(const PublicationDraft& draft);

/// The members of the object that are named, as they stand in it and in its order.
std::string thin_payload(std::string_view object, const std::vector<std::string>& members);

}  // namespace tidegate::relay

#include "edge/net/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "core/base/limits.h"

namespace tidegate::net {

std::size_t fit_file_limit(std::size_t connections_wanted) {
  const std::size_t descriptors = std::min(connections_wanted + limits::file_descriptors_reserved,
                                           limits::file_descriptors_max);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return connections_wanted;
  }
  // Lowered too: the library allocates and, as Debian builds it, scans a table of this size.
  if (limit.rlim_cur < descriptors || limit.rlim_cur > limits::file_descriptors_max) {
    limit.rlim_cur = std::min<rlim_t>(
        std::max<rlim_t>(descriptors,
                         std::min<rlim_t>(limit.rlim_cur, limits::file_descriptors_max)),
        limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  const std::size_t usable = static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t reserved = std::min(limits::file_descriptors_reserved, usable / 2);
  return std::min(connections_wanted, usable - reserved);
}

}  // namespace tidegate::net

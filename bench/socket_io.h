// The few socket calls that the load client and the reference server share. Loopback only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::bench {

/// A non-blocking connection to 127.0.0.1:port with TCP_NODELAY; ends the process with a message
/// when it cannot be made.
int connect_loopback(std::uint16_t port);
/// A listening socket on 127.0.0.1, any free port; the port is written to `port`.
int listen_loopback(std::uint16_t& port);
/// TCP_NODELAY: no message waits for the acknowledgement of the last one.
void send_at_once(int socket);
/// As many file descriptors as the hard limit allows.
void raise_descriptor_limit();
/// Writes everything, waiting as needed.
void send_all(int socket, std::string_view bytes);
/// The value after `name` on the command line, or `otherwise`.
std::string argument(int argc, char** argv, std::string_view name, std::string_view otherwise);
/// Ends the process with `what` and errno's text.
[[noreturn]] void fail(std::string_view what);

}  // namespace tidegate::bench

// Where accepted sockets wait until the head of their first request is whole. libwebsockets reads
// as much as has come, and makes its answer to an upgrade in the same buffer, over whatever stands
// behind the request there: a client's first messages would be damaged. So the head of an upgrade
// is read here, and not one byte more; the library is given it, answers, and finds the rest in the
// socket. Every other request is only looked at, and left for the library to read.
#pragma once

#include <uv.h>

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/time.h"

namespace tidegate::net {

class FirstHeads {
 public:
  /// Owns the socket. `head` was read from it: an upgrade's; empty for everything else, also for
  /// what never becomes a request.
  using Ready = std::function<void(int fd, std::string_view head)>;
  /// The socket was closed: it said nothing, or not enough in time.
  using Closed = std::function<void()>;

  FirstHeads(uv_loop_t* loop, Duration deadline, Ready ready, Closed closed);
  /// Closes who still waits, without a word to anybody.
  ~FirstHeads();
  FirstHeads(const FirstHeads&) = delete;
  FirstHeads& operator=(const FirstHeads&) = delete;

  /// Takes a socket that does not block.
  void add(int fd);
  /// Who has said all of it by now is served, the others are closed.
  void drain();

 private:
  /// What stands in a socket.
  struct Incomplete {
    std::size_t seen = 0;
  };
  struct AnyRequest {};  // whole, or nothing that could become a head
  struct Upgrade {
    std::size_t bytes = 0;  // of its head
  };
  struct Ended {};
  using Sight = std::variant<Incomplete, AnyRequest, Upgrade, Ended>;

  struct Waiting;
  using WaitingList = std::list<Waiting>;  // in the order of their deadlines
  struct Waiting {
    int fd = -1;
    std::uint64_t deadline_ms = 0;  // on the loop's clock
    std::size_t seen = 0;           // bytes of the head so far, still in the socket
    FirstHeads* owner = nullptr;
    uv_poll_t* watch = nullptr;  // freed by its close callback
    WaitingList::iterator place;
  };

  static Sight judge(std::string_view begin);
  static Sight look_into(int fd);
  void handle_readable(Waiting& waiting);
  void hand_over(const Waiting& waiting, const Sight& sight);
  void handle_deadline();
  void arm_timer();
  /// Takes it off the list and the loop; the socket is the caller's.
  int release(const Waiting& waiting);
  void close_waiting(const Waiting& waiting);

  uv_loop_t* loop_;
  std::uint64_t deadline_ms_;
  Ready ready_;
  Closed closed_;
  WaitingList waiting_;
  uv_timer_t* timer_;  // freed by its close callback
};

/// Of the bytes that a connection begins with: how many are the head of its first request, the
/// empty line included. 0: it is not whole yet.
std::size_t head_bytes(std::string_view begin);
/// Whether a whole head asks for an upgrade, of any kind.
bool asks_for_upgrade(std::string_view head);

}  // namespace tidegate::net

// `tidegate_sim`: runs seeds, many at a time, and says which of them found something and how to see
// it again. Worlds share nothing, so each thread simply takes the next seed.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/sim/sim_world.h"

namespace tidegate::sim {
namespace {

struct Arguments {
  std::uint64_t from = 1;
  std::uint64_t seeds = 100;
  bool single = false;
  bool verbose = false;
  unsigned jobs = 0;
  std::uint64_t stop_after = 10;  // seeds that found something
};

const char* program_name = "tidegate_sim";
thread_local std::uint64_t seed_in_hand = 0;

/// A failed check ends the process; it must still say which seed it was.
void handle_fatal_signal(int number) {
  char text[256];
  const int length = std::snprintf(text, sizeof text,
                                   "\nsim: seed %llu crashed (signal %d, a failed "
                                   "TIDEGATE_CHECK?)\n  replay: %s --seed %llu --verbose\n",
                                   static_cast<unsigned long long>(seed_in_hand), number,
                                   program_name, static_cast<unsigned long long>(seed_in_hand));
  if (length > 0) {
    const auto written = write(STDOUT_FILENO, text, static_cast<std::size_t>(length));
    static_cast<void>(written);
  }
  signal(number, SIG_DFL);
  raise(number);
}

void print_usage() {
  std::printf(
      "usage: %s [--seeds N] [--from S] [--jobs J] [--keep-going | --stop-after N]\n"
      "       %s --seed S [--verbose]\n"
      "Runs the real client and the real relay in virtual time, one random run for each seed.\n",
      program_name, program_name);
}

/// The whole of `text`, or false: a run of no seeds would look like one without a violation.
template <typename Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const bool has_value = i + 1 < argc;
    if (option == "--verbose") {
      arguments.verbose = true;
    } else if (option == "--keep-going") {
      arguments.stop_after = UINT64_MAX;
    } else if (option == "--stop-after" && has_value && read(argv[i + 1], arguments.stop_after)) {
      ++i;
    } else if (option == "--seeds" && has_value && read(argv[i + 1], arguments.seeds)) {
      ++i;
    } else if (option == "--from" && has_value && read(argv[i + 1], arguments.from)) {
      ++i;
    } else if (option == "--jobs" && has_value && read(argv[i + 1], arguments.jobs)) {
      ++i;
    } else if (option == "--seed" && has_value && read(argv[i + 1], arguments.from)) {
      ++i;
      arguments.single = true;
    } else {
      return false;
    }
  }
  if (arguments.single) arguments.seeds = 1;
  if (arguments.jobs == 0) arguments.jobs = std::max(1U, std::thread::hardware_concurrency());
  return true;
}

class Runner {
 public:
  explicit Runner(const Arguments& arguments) : arguments_(arguments), next_(arguments.from) {}

  /// The number of seeds that found a violation.
  std::uint64_t run() {
    std::vector<std::thread> threads;
    const unsigned jobs = arguments_.single ? 1 : arguments_.jobs;
    for (unsigned i = 1; i < jobs; ++i) threads.emplace_back([this] { take_seeds(); });
    take_seeds();
    for (auto& thread : threads) thread.join();
    return failed_;
  }
  std::uint64_t done() const { return done_; }

  void print_totals() const {
    std::printf(
        "sim: %llu events, %llu rows delivered, %llu recoveries, %llu snapshots, "
        "%llu acknowledgements, %llu connection attempts\n",
        total(total_.steps), total(total_.rows), total(total_.recovered), total(total_.snapshots),
        total(total_.acknowledgements), total(total_.attempts));
    std::printf(
        "sim: %llu record rows, %llu swept, %llu quiet points, %llu conflicts, %llu signals, "
        "%llu earlier cuts, %llu corruptions, %llu stale, %llu answers replayed\n",
        total(total_.record_rows), total(total_.swept), total(total_.quiet_points),
        total(total_.conflicts), total(total_.signals), total(total_.earlier_cuts),
        total(total_.corruptions), total(total_.stale), total(total_.replayed));
  }

 private:
  static unsigned long long total(std::uint64_t value) { return value; }

  void take_seeds() {
    for (;;) {
      const std::uint64_t seed = next_.fetch_add(1);
      if (seed >= arguments_.from + arguments_.seeds) return;
      if (failed_ >= arguments_.stop_after) return;
      seed_in_hand = seed;
      if (arguments_.single) std::printf("%s\n", describe(draw_options(seed)).c_str());
      report(run_seed(seed, arguments_.single && arguments_.verbose));
    }
  }

  void report(const SimReport& report) {
    const std::lock_guard lock(mutex_);
    ++done_;
    total_.steps += report.steps;
    total_.rows += report.rows;
    total_.recovered += report.recovered;
    total_.snapshots += report.snapshots;
    total_.acknowledgements += report.acknowledgements;
    total_.attempts += report.attempts;
    total_.record_rows += report.record_rows;
    total_.quiet_points += report.quiet_points;
    total_.swept += report.swept;
    total_.conflicts += report.conflicts;
    total_.signals += report.signals;
    total_.earlier_cuts += report.earlier_cuts;
    total_.corruptions += report.corruptions;
    total_.stale += report.stale;
    total_.replayed += report.replayed;
    if (!report.violations.empty()) {
      ++failed_;
      std::printf("sim: seed %llu\n", static_cast<unsigned long long>(report.seed));
      for (const Violation& violation : report.violations) {
        std::printf("  %s at %s s: %s\n", violation.checker.c_str(),
                    show_time(violation.when).c_str(), violation.text.c_str());
      }
      std::printf("  replay: %s --seed %llu --verbose\n", program_name,
                  static_cast<unsigned long long>(report.seed));
    }
    if (arguments_.single) {
      std::printf("sim: trace %016llx\n", static_cast<unsigned long long>(report.trace_hash));
    } else if (done_ % 250 == 0) {
      std::printf("sim: %llu of %llu seeds\n", static_cast<unsigned long long>(done_),
                  static_cast<unsigned long long>(arguments_.seeds));
    }
    std::fflush(stdout);
  }

  const Arguments arguments_;
  std::atomic<std::uint64_t> next_;
  std::atomic<std::uint64_t> failed_ = 0;
  std::uint64_t done_ = 0;
  SimReport total_;
  std::mutex mutex_;
};

int run_command(int argc, char** argv) {
  program_name = argv[0];
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    print_usage();
    return 2;
  }
  for (const int number : {SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGFPE, SIGBUS}) {
    signal(number, handle_fatal_signal);
  }
  const auto began = std::chrono::steady_clock::now();
  Runner runner(arguments);
  const std::uint64_t failed = runner.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  runner.print_totals();
  std::printf("sim: %.1f s, %.0f seeds/s\n", took.count(),
              static_cast<double>(runner.done()) / std::max(took.count(), 0.001));
  std::printf("sim: %llu seeds, %llu violations\n", static_cast<unsigned long long>(runner.done()),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tidegate::sim

int main(int argc, char** argv) { return tidegate::sim::run_command(argc, argv); }

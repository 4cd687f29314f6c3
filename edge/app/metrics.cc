#include "edge/app/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace tidegate::app {
namespace {

using prometheus::MetricType;

struct RelayMetric {
  const char* name;
  const char* help;
  std::uint64_t relay::RelayCounters::*field;
};
struct NetMetric {
  const char* name;
  const char* help;
  std::uint64_t net::NetCounters::*field;
};

constexpr RelayMetric kRelayMetrics[] = {
    {"tidegate_connections_opened_total", "WebSocket connections accepted.",
     &relay::RelayCounters::connections_opened},
    {"tidegate_connections_closed_total", "WebSocket connections that ended, for any reason.",
     &relay::RelayCounters::connections_closed},
    {"tidegate_connections_refused_total",
     "Connections ended by the relay: bad token, silence, or a broken protocol.",
     &relay::RelayCounters::connections_refused},
    {"tidegate_subscriptions_opened_total", "Subscriptions that were answered.",
     &relay::RelayCounters::subscriptions_opened},
    {"tidegate_subscriptions_refused_total", "Subscriptions that were refused.",
     &relay::RelayCounters::subscriptions_refused},
    {"tidegate_subscribes_recovered_total",
     "Subscribes with a position that continued from it without loss.",
     &relay::RelayCounters::subscribes_recovered},
    {"tidegate_subscribes_snapshot_total",
     "Subscribes with a position that had to begin anew: history did not reach back far enough, or "
     "the epoch is another one.",
     &relay::RelayCounters::subscribes_snapshot},
    {"tidegate_publishes_applied_total", "Publications accepted into a channel's history.",
     &relay::RelayCounters::publishes_applied},
    {"tidegate_publishes_duplicate_total", "Publishes recognized as repetitions.",
     &relay::RelayCounters::publishes_duplicate},
    {"tidegate_publishes_stale_total",
     "Publishes dropped because a newer source version was there.",
     &relay::RelayCounters::publishes_stale},
    {"tidegate_publishes_refused_total", "Publishes that were refused.",
     &relay::RelayCounters::publishes_refused},
    {"tidegate_appends_unknown_total",
     "Appends whose outcome the store did not tell and that were read back.",
     &relay::RelayCounters::appends_unknown},
    {"tidegate_messages_received_total", "WebSocket messages received.",
     &relay::RelayCounters::messages_received},
    {"tidegate_messages_sent_total", "WebSocket messages sent, counted for each connection.",
     &relay::RelayCounters::messages_sent},
    {"tidegate_bytes_sent_total", "Bytes of those messages.", &relay::RelayCounters::bytes_sent},
    {"tidegate_publications_delivered_total",
     "Publications handed to connections, counted for each connection.",
     &relay::RelayCounters::publications_delivered},
    {"tidegate_blocks_built_total", "Blocks encoded.", &relay::RelayCounters::blocks_built},
    {"tidegate_blocks_shared_total", "Deliveries that found their block already encoded.",
     &relay::RelayCounters::blocks_shared},
    {"tidegate_connections_blocked_total", "Times a connection's socket took no more bytes.",
     &relay::RelayCounters::connections_blocked},
    {"tidegate_resets_sent_total",
     "Subscriptions told to begin anew: too slow for the history, or a new epoch.",
     &relay::RelayCounters::resets_sent},
    {"tidegate_repairs_total",
     "State subscriptions that asked for all records once more on the connection that had given "
     "them: a digest has shown that they differ.",
     &relay::RelayCounters::repairs_asked},
    {"tidegate_pages_sent_total",
     "Pages of records, to readers for whom that was cheaper than a replay.",
     &relay::RelayCounters::pages_sent},
};

constexpr NetMetric kNetMetrics[] = {
    {"tidegate_http_requests_total", "HTTP requests that reached a route.",
     &net::NetCounters::http_requests},
    {"tidegate_http_rejected_total",
     "HTTP requests refused before they reached a route: too large, too slow, malformed.",
     &net::NetCounters::http_rejected},
    {"tidegate_mailbox_messages_total", "Messages between workers.",
     &net::NetCounters::mailbox_messages},
    {"tidegate_partial_writes_total", "Writes that the kernel took only in part.",
     &net::NetCounters::partial_writes},
};

struct StoreMetric {
  const char* name;
  const char* help;
  MetricType type;
  std::uint64_t store::StoreCounters::*field;
  double unit = 1;
};

constexpr StoreMetric kStoreMetrics[] = {
    {"tidegate_store_commits_total", "Transactions of the store that were synced to the disk.",
     MetricType::Counter, &store::StoreCounters::commits},
    {"tidegate_store_commit_seconds_total", "Time spent in them.", MetricType::Counter,
     &store::StoreCounters::commit_us, 1e-6},
    {"tidegate_store_records_appended_total", "Records appended by them.", MetricType::Counter,
     &store::StoreCounters::records_appended},
    {"tidegate_store_appends_refused_total", "Appends that failed and left nothing behind.",
     MetricType::Counter, &store::StoreCounters::appends_refused},
    {"tidegate_store_appends_unknown_total", "Appends that ended without it being known how.",
     MetricType::Counter, &store::StoreCounters::appends_unknown},
    {"tidegate_store_requests_waiting", "Requests that wait for the store.", MetricType::Gauge,
     &store::StoreCounters::requests_waiting},
    {"tidegate_store_waiting_bytes", "Bytes of the appends among them.", MetricType::Gauge,
     &store::StoreCounters::bytes_waiting},
    {"tidegate_store_database_bytes", "Size of the database.", MetricType::Gauge,
     &store::StoreCounters::database_bytes},
    {"tidegate_store_wal_bytes", "What its write-ahead log holds that was not copied back yet.",
     MetricType::Gauge, &store::StoreCounters::wal_bytes},
};

prometheus::MetricFamily family(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == MetricType::Gauge) {
    metric.gauge.value = value;
  } else {
    metric.counter.value = value;
  }
  return prometheus::MetricFamily{name, help, type, {std::move(metric)}};
}

template <typename Counters>
double sum(const std::vector<Counters>& all, std::uint64_t Counters::*field) {
  std::uint64_t total = 0;
  for (const Counters& one : all) total += one.*field;
  return static_cast<double>(total);
}

prometheus::MetricFamily reload_family(const MetricsSample& sample) {
  prometheus::MetricFamily family{"tidegate_config_reloads_total",
                                  "Times that the configuration was read anew, by SIGHUP.",
                                  MetricType::Counter,
                                  {}};
  const auto add = [&family](const char* result, std::uint64_t count) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"result", result});
    metric.counter.value = static_cast<double>(count);
    family.metric.push_back(std::move(metric));
  };
  add("ok", sample.reloads_applied);
  add("refused", sample.reloads_refused);
  return family;
}

prometheus::MetricFamily build_family() {
  prometheus::MetricFamily family{
      "tidegate_build_info", "Which relay this is; the value is always 1.", MetricType::Gauge, {}};
  prometheus::ClientMetric metric;
  metric.label.push_back({"version", TIDEGATE_VERSION});
  metric.gauge.value = 1;
  family.metric.push_back(std::move(metric));
  return family;
}

}  // namespace

std::string metrics_text(const MetricsSample& sample) {
  std::vector<prometheus::MetricFamily> families = {build_family(), reload_family(sample)};
  const auto gauge = [&](const char* name, const char* help, double value) {
    families.push_back(family(name, help, MetricType::Gauge, value));
  };
  gauge("tidegate_workers", "Worker threads.", static_cast<double>(sample.net.size()));
  gauge("tidegate_draining", "1 while the relay sends its connections away.",
        sample.draining ? 1 : 0);
  gauge("tidegate_connections", "Sockets open now, of any kind.",
        sum(sample.net, &net::NetCounters::connections_open));
  for (const RelayMetric& metric : kRelayMetrics) {
    families.push_back(
        family(metric.name, metric.help, MetricType::Counter, sum(sample.relay, metric.field)));
  }
  for (const NetMetric& metric : kNetMetrics) {
    families.push_back(
        family(metric.name, metric.help, MetricType::Counter, sum(sample.net, metric.field)));
  }
  if (sample.store.has_value()) {
    for (const StoreMetric& metric : kStoreMetrics) {
      const double value = static_cast<double>((*sample.store).*metric.field) * metric.unit;
      families.push_back(family(metric.name, metric.help, metric.type, value));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tidegate::app

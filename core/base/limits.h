// Every limit of the core and of the relay's logic, with its default, in one place. Going over one
// has a defined and tested result; no other file contains such a number. What an operator may
// change is in the relay's configuration, with these values as its defaults.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/time.h"

namespace tidegate::limits {

using namespace std::chrono_literals;

// Names (over: InvalidChannel, or BadRequest for the others).
inline constexpr std::size_t channel_name_bytes_max = 255;
inline constexpr std::size_t channel_segment_bytes_max = 96;
inline constexpr std::size_t channel_segments_max = 8;
inline constexpr std::size_t epoch_bytes_max = 48;
inline constexpr std::size_t event_name_bytes_max = 128;
inline constexpr std::size_t event_id_bytes_max = 128;
inline constexpr std::size_t idempotency_key_bytes_max = 128;
inline constexpr std::size_t record_key_bytes_max = 255;
inline constexpr std::size_t source_epoch_bytes_max = 64;
inline constexpr std::size_t tags_bytes_max = 1024;
inline constexpr std::size_t token_bytes_max = 8 * 1024;
inline constexpr std::size_t tenant_bytes_max = 64;
inline constexpr std::size_t session_id_bytes_max = 64;
inline constexpr std::size_t client_label_bytes_max = 64;
inline constexpr std::size_t relay_label_bytes_max = 64;
inline constexpr std::size_t connection_id_bytes_max = 64;
inline constexpr std::size_t error_message_bytes_max = 512;

// Payloads and messages.
inline constexpr std::size_t publication_payload_bytes_max = 64 * 1024;  // PayloadTooLarge
inline constexpr std::size_t json_depth_max = 64;                        // InvalidPayload
inline constexpr std::size_t json_depth_ceiling = 1024;  // what a configured json_depth_max may be
inline constexpr std::size_t client_message_bytes_max = 256 * 1024;  // FrameTooLarge, close
inline constexpr std::size_t relay_message_bytes_max = 1024 * 1024;  // client: closes
/// The same in JSON, where names are repeated and control characters take six bytes. No message
/// of the relay's comes near it; clients set their libraries to it.
inline constexpr std::size_t relay_json_message_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t block_bytes_target = 64 * 1024;  // a block is cut when it passes this
inline constexpr std::size_t block_rows_max = 4096;           // MalformedFrame
inline constexpr std::size_t block_event_names_max = block_rows_max;  // MalformedFrame
inline constexpr std::size_t joined_message_bytes_max = 64 * 1024;

// Filters of subscriptions (core/filter). Over: LimitExceeded, unless it says otherwise.
inline constexpr std::size_t filter_bytes_max = 4096;
inline constexpr std::size_t filter_terms_max = 64;    // comparisons
inline constexpr std::size_t filter_depth_max = 8;     // filters within filters
inline constexpr std::size_t filter_values_max = 256;  // in all `in` lists together
inline constexpr std::size_t filter_fields_max = 128;  // places looked at, and those above them
inline constexpr std::int64_t filter_exponent_max = 1'000'000;  // BadRequest; in a payload: cut
inline constexpr std::int64_t filter_metres_max = 20'000'000;   // BadRequest

// The client.
inline constexpr std::size_t subscriptions_per_client_max = 1024;  // LimitExceeded to the caller
inline constexpr std::size_t outbox_commands_max = 1000;           // QueueFull to the caller
inline constexpr std::size_t outbox_bytes_max = 4 * 1024 * 1024;   // QueueFull to the caller
inline constexpr std::size_t dedup_window_entries = 4096;          // oldest forgotten first
inline constexpr std::size_t event_names_per_client_max = 4096;    // over: the oldest is renamed
inline constexpr std::size_t listeners_per_client_max = 1024;      // LimitExceeded to the caller
/// Records that all state channels of a client hold together, and the bytes of their keys and
/// payloads. Over: the subscription that went over ends with LimitExceeded.
inline constexpr std::size_t client_records_max = 200'000;
inline constexpr std::size_t client_records_bytes_max = 96 * 1024 * 1024;
/// Of records that the merges of one message have led to, copied for the application. Over: the
/// subscription ends with LimitExceeded.
inline constexpr std::size_t merged_records_bytes_max = 32 * 1024 * 1024;
inline constexpr std::size_t batch_bytes_max = 32 * 1024;
inline constexpr Duration batch_delay_default = 0ms;  // flushed at the end of the turn
inline constexpr Duration unsubscribe_linger_default = 1s;
inline constexpr Duration backoff_base_default = 500ms;
inline constexpr Duration backoff_cap_default = 30s;
inline constexpr Duration connect_timeout_default = 10s;
inline constexpr Duration publish_timeout_default = 30s;
/// Over: cut, by the browser's skin; the SDK refuses it. A browser's timers end there.
inline constexpr Duration client_duration_max = std::chrono::milliseconds(2'147'483'647);
inline constexpr Duration probe_timeout = 4s;
inline constexpr Duration subscribe_timeout = 15s;
inline constexpr Duration gap_resubscribe_interval_min = 200ms;
inline constexpr Duration repair_interval_min = 10s;  // of records whose digest differs
inline constexpr Duration live_stable_after = 10s;    // live so long: the backoff begins anew
inline constexpr Duration timer_lateness_max = 1s;    // over: the machine slept, probe first
inline constexpr Duration online_jitter_max = 1s;     // retry after the network came back
inline constexpr std::size_t opening_message_bytes_max = 64 * 1024;  // rest: after the welcome
inline constexpr std::size_t close_reason_bytes_max = 123;           // RFC 6455, 5.5; cut

// The relay.
inline constexpr std::size_t subscriptions_per_connection_max = 1024;       // LimitExceeded
inline constexpr std::size_t publishes_in_flight_per_connection_max = 256;  // reading pauses
inline constexpr std::size_t control_queue_bytes_max = 256 * 1024;          // reading pauses
inline constexpr std::size_t control_queue_bytes_kill = 1024 * 1024;        // disconnect Overloaded
inline constexpr std::size_t append_queue_entries_max = 10'000;             // per channel: Busy
inline constexpr std::size_t append_batch_entries_max = 1024;
inline constexpr std::size_t publish_batch_entries_max = 1000;  // LimitExceeded
inline constexpr std::size_t mirror_batch_entries_max = 1024;
inline constexpr std::size_t idempotency_window_entries_default = 65'536;
inline constexpr Duration idempotency_window_age_default = 10min;
inline constexpr std::size_t history_count_default = 1000;
inline constexpr std::size_t history_bytes_default = 16 * 1024 * 1024;
inline constexpr Duration history_age_default = 24h;
// Of a state channel (over: LimitExceeded, judged by apply, after merging).
inline constexpr std::size_t records_default = 100'000;
inline constexpr std::size_t records_bytes_default = 64 * 1024 * 1024;
inline constexpr std::size_t thin_members_max = 16;  // that a thin event keeps
/// Of a tenant, in the directory for subscribers by pattern; over: a new channel is not published
/// to.
inline constexpr std::size_t listed_channels_max = 100'000;
inline constexpr std::size_t listed_channels_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t record_bytes_max = publication_payload_bytes_max;
/// Of deleted records remembered, so that a reader who was away is told; over: the oldest is
/// forgotten, and who has been away for longer is given all records.
inline constexpr std::size_t tombstones_max = 16'384;
inline constexpr Duration signal_ttl_default = 5s;
inline constexpr std::size_t expiries_per_turn_max = 256;  // of records that have grown too old
inline constexpr Duration heartbeat_interval_default = 25s;
inline constexpr Duration heartbeat_timeout_default = 20s;  // silence allowed beyond the interval
inline constexpr Duration hello_timeout_default = 10s;
inline constexpr Duration verify_timeout = 5s;
inline constexpr Duration close_timeout = 3s;
inline constexpr Duration append_timeout = 10s;
inline constexpr Duration publish_deadline = 20s;
inline constexpr std::size_t filters_per_channel_max = 256;  // on one shard: Busy
/// Work for each publication, of all filters of a channel on one shard (Filter::cost): Busy. Any
/// single filter is far below it.
inline constexpr std::size_t filter_cost_per_channel_max = 4096;
inline constexpr std::size_t patterns_per_tenant_max = 4096;  // the same, of its directory
inline constexpr Duration digest_interval = 5s;               // of a state channel with news
/// … and without: a damaged record heals within this, whether or not anything is published.
inline constexpr Duration quiet_digest_interval = 30s;
inline constexpr std::size_t page_records_examined_max = 16'384;
inline constexpr std::uint32_t read_rows_max = 1000;                // of one HTTP read
inline constexpr std::size_t read_bytes_max = 1024 * 1024;          // … but for one row
inline constexpr std::size_t reads_waiting_per_channel_max = 1000;  // then busy
inline constexpr Duration mirror_linger = 30s;  // without local subscribers, then closed
inline constexpr Duration idle_channel_linger = 60s;

// Inside a relay shard.
// Over one of the two, what nobody uses makes room; when there is no such channel: Busy.
inline constexpr std::size_t channels_per_shard_max = 200'000;
inline constexpr std::size_t mirrors_per_shard_max = 150'000;
inline constexpr std::uint32_t full_retry_after_ms = 1000;
inline constexpr std::size_t idle_streams_in_memory_max = 65'536;  // the longest idle is forgotten
inline constexpr std::size_t publishes_in_flight_per_shard_max = 65'536;      // from outside: Busy
inline constexpr std::size_t publishes_in_flight_per_connection_kill = 8192;  // Busy
// Kept beyond history for readers that keep pace, as long as both hold.
inline constexpr std::size_t mirror_lag_entries_max = 16'384;
inline constexpr std::size_t mirror_lag_bytes_max = 32 * 1024 * 1024;
inline constexpr std::size_t frame_cache_entries_max = 1024;  // the oldest are dropped
inline constexpr std::size_t frame_cache_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t log_lines_max = 1024;          // the newest are dropped and counted
inline constexpr std::size_t claims_interned_max = 65'536;  // over: not shared
inline constexpr Duration store_retry_delay_min = 100ms;
inline constexpr Duration store_retry_delay_max = 5s;
inline constexpr Duration store_trim_interval_min = 1s;
inline constexpr Duration history_expiry_interval_min = 1s;  // what is too old goes by then

// A durable store (edge/store).
inline constexpr std::size_t store_turn_requests_max = 4096;  // one transaction at most
inline constexpr std::size_t store_turn_bytes_max = 8 * 1024 * 1024;
inline constexpr std::size_t store_waiting_requests_max = 65'536;  // over: Busy
inline constexpr std::size_t store_waiting_bytes_max = 256 * 1024 * 1024;
inline constexpr std::size_t store_row_bytes_target = 256 * 1024;  // a row is cut when it passes it
inline constexpr std::size_t store_read_bytes_max = 4 * 1024 * 1024;  // an answer; at least one
inline constexpr std::size_t store_cache_bytes = 32 * 1024 * 1024;
inline constexpr std::size_t store_wal_bytes_kept = 8 * 1024 * 1024;     // of its file, when empty
inline constexpr std::size_t store_checkpoint_bytes = 4 * 1024 * 1024;   // copied back from here on
inline constexpr std::size_t store_check_bytes_max = 256 * 1024 * 1024;  // read through at start
inline constexpr std::size_t store_free_pages_kept = 1024;  // more are given back to the disk
inline constexpr std::size_t store_vacuum_pages_per_turn = 256;
inline constexpr std::size_t store_sweep_streams_per_turn = 256;
inline constexpr Duration store_upkeep_interval = 1s;
inline constexpr Duration store_sweep_interval = 1min;       // between two passes over all streams
inline constexpr Duration store_empty_stream_age = 24h * 7;  // unused and empty: forgotten
inline constexpr std::uint32_t store_retry_after_ms = 1000;

// The relay's transport (edge/net).
inline constexpr std::size_t connections_default = 50'000;   // over: 503, closed
inline constexpr std::size_t file_descriptors_max = 65'536;  // libwebsockets scans a table of these
inline constexpr std::size_t file_descriptors_reserved = 256;  // files, listeners, eventfds
inline constexpr int listen_backlog = 4096;
inline constexpr int accepts_per_turn = 64;
inline constexpr int socket_send_buffer_bytes = 128 * 1024;  // a slow client shows early
inline constexpr int socket_unsent_bytes_max = 16 * 1024;  // beyond what is under way; then blocked
inline constexpr std::size_t websocket_rx_buffer_bytes = 512;  // held by every idle connection
inline constexpr std::size_t socket_write_bytes_max = 1024 * 1024;
inline constexpr std::size_t http_header_bytes_max = 8 * 1024;       // over: closed
inline constexpr std::size_t http_body_bytes_default = 1024 * 1024;  // over: 413
inline constexpr std::size_t http_write_chunk_bytes = 64 * 1024;
/// That a worker holds for readers; over: a response larger than a chunk becomes a 503.
inline constexpr std::size_t http_responses_bytes_max = 64 * 1024 * 1024;
/// Of requests that a worker is reading; over: 503 in the place of another.
inline constexpr std::size_t http_bodies_bytes_max = 64 * 1024 * 1024;
/// Of a connection's first request, in which an upgrade is looked for: twice what the library keeps
/// of a head, which is without most names and separators. One that is longer is left to it.
inline constexpr std::size_t first_head_bytes_max = 2 * http_header_bytes_max;
inline constexpr Duration http_header_deadline_default = 10s;  // accept to complete request head
inline constexpr Duration http_body_deadline_default = 10s;    // over: 408
inline constexpr Duration http_response_deadline = 60s;        // answered and written within this
inline constexpr Duration http_keepalive_default = 30s;
inline constexpr Duration http_discard_deadline = 1s;  // reads on after an early refusal
inline constexpr Duration drain_grace = 1s;            // beyond the window and close_timeout

// Credentials (edge/auth).
inline constexpr std::size_t hs256_secret_bytes_min = 32;  // shorter: refused at start
inline constexpr std::size_t secret_bytes_max = 4096;
inline constexpr std::size_t api_key_bytes_min = 16;
inline constexpr std::size_t api_key_name_bytes_max = 64;
inline constexpr std::size_t token_subject_bytes_max = 255;  // TokenInvalid
inline constexpr std::size_t token_id_bytes_max = 255;       // TokenInvalid
inline constexpr Duration token_leeway = 30s;  // clocks of issuer and relay may differ

// What a configuration may set (edge/app): outside of these it is refused, naming the line.
inline constexpr std::size_t config_file_bytes_max = 1024 * 1024;
inline constexpr std::size_t config_text_bytes_max = 4096;
inline constexpr std::size_t workers_max = 256;
inline constexpr std::size_t history_count_ceiling = 10'000'000;
inline constexpr std::size_t history_bytes_ceiling = 1024 * 1024 * 1024;
inline constexpr Duration history_age_ceiling = 24h * 365;
inline constexpr std::size_t records_ceiling = 10'000'000;
inline constexpr std::size_t records_bytes_ceiling = std::size_t{4} * 1024 * 1024 * 1024 - 1;
inline constexpr Duration record_ttl_ceiling = 24h * 365;
inline constexpr Duration signal_ttl_min = 100ms;
inline constexpr Duration signal_ttl_ceiling = 10min;
inline constexpr Duration heartbeat_interval_min = 1s;
inline constexpr Duration heartbeat_interval_ceiling = 10min;
inline constexpr Duration heartbeat_timeout_min = 1s;
inline constexpr Duration heartbeat_timeout_ceiling = 10min;
inline constexpr Duration hello_timeout_min = 100ms;
inline constexpr Duration hello_timeout_ceiling = 5min;
/// A client cannot know the relay's limit before it is welcomed.
inline constexpr std::size_t client_message_bytes_min = opening_message_bytes_max;
inline constexpr std::size_t client_message_bytes_ceiling = relay_message_bytes_max;
/// A subscribe looks through its connection's subscriptions, an unsubscribe through their mirrors,
/// too: 6 and up to 100 microseconds at this many.
inline constexpr std::size_t subscriptions_per_connection_ceiling = 10'000;
inline constexpr std::size_t idempotency_window_entries_ceiling = 10'000'000;
inline constexpr Duration idempotency_window_age_ceiling = 24h * 7;
inline constexpr std::size_t http_body_bytes_ceiling = 64 * 1024 * 1024;
inline constexpr Duration drain_window_ceiling = 10min;
/// Of those that a relay sends away when it ends: a twelfth of what one that begins has answered in
/// the same time (bench/recovery.mjs).
inline constexpr std::size_t reconnects_per_second_max = 1000;

// The command line and development mode (edge/app).
inline constexpr Duration token_ttl_default = 15min;
inline constexpr Duration dev_token_ttl = 12h;
inline constexpr std::size_t dev_history_count = 50'000;  // a whole replay of the demo and more
inline constexpr Duration dev_drain_window = 500ms;
inline constexpr std::size_t static_file_bytes_max = 64 * 1024 * 1024;  // over: 413

}  // namespace tidegate::limits

/**
 * Every number that a server counts for its operator: the one list from which the reference page and `/metrics` are
 * made. A label has few values, which the program knows; what clients choose (a device, an address, a topic) is none.
 */
export type MetricDescription = {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
};

/** In seconds: from what a memory takes to what a client gives up at. */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

export const metricNames = {
  homeport_connections: { kind: 'gauge', help: 'Open connections, by what they speak.', labels: ['protocol'] },
  homeport_connections_opened_total: {
    kind: 'counter',
    help: 'Connections that finished their TLS handshake, or needed none.',
    labels: ['protocol'],
  },
  homeport_handshakes_failed_total: { kind: 'counter', help: 'TLS handshakes that came to nothing.', labels: [] },
  homeport_connections_refused_total: {
    kind: 'counter',
    help: 'Connections beyond what one address may have.',
    labels: [],
  },
  homeport_sign_ins_total: {
    kind: 'counter',
    help: 'Devices and modules that asked to be let in, by what was decided: `accepted`, or the reason of the refusal.',
    labels: ['result'],
  },
  homeport_refusals_total: {
    kind: 'counter',
    help: 'What was refused by any service, by its reason.',
    labels: ['service', 'reason'],
  },
  homeport_devices_connected: { kind: 'gauge', help: 'Devices and modules that are connected to a hub.', labels: [] },
  homeport_messages_received_total: {
    kind: 'counter',
    help: 'Messages of devices that were taken into the log.',
    labels: ['protocol'],
  },
  homeport_message_bytes_received_total: {
    kind: 'counter',
    help: 'Bytes of the bodies of those messages.',
    labels: ['protocol'],
  },
  homeport_messages_to_devices_total: {
    kind: 'counter',
    help: 'Messages to devices: `queued`, and what became of them.',
    labels: ['state'],
  },
  homeport_methods_total: {
    kind: 'counter',
    help: 'Methods that were called: `answered`, or the problem.',
    labels: ['result'],
  },
  homeport_method_seconds: {
    kind: 'histogram',
    help: 'From the call of a method to its answer.',
    labels: [],
    buckets: secondsBuckets,
  },
  homeport_methods_waiting: { kind: 'gauge', help: 'Calls of methods that wait for an answer.', labels: [] },
  homeport_twin_changes_total: { kind: 'counter', help: 'Changes of twins that were stored.', labels: ['part'] },
  homeport_hub_events_total: {
    kind: 'counter',
    help: 'Events of a hub beside telemetry: lifecycle, connection, twin change.',
    labels: ['source'],
  },
  homeport_throttled_total: {
    kind: 'counter',
    help: 'Operations that were refused or made to wait for their rate.',
    labels: ['operation'],
  },
  homeport_jobs_total: { kind: 'counter', help: 'Jobs that came to their end.', labels: ['status'] },
  homeport_jobs_running: { kind: 'gauge', help: 'Jobs that are being worked off.', labels: [] },
  homeport_log_appends_total: { kind: 'counter', help: 'Records that were appended to a log.', labels: [] },
  homeport_log_syncs_total: { kind: 'counter', help: 'Groups of records that a log wrote and synced.', labels: [] },
  homeport_log_sync_seconds: {
    kind: 'histogram',
    help: 'How long writing and syncing one group took.',
    labels: [],
    buckets: secondsBuckets,
  },
  homeport_log_pending_bytes: { kind: 'gauge', help: 'Bytes that wait for the disk.', labels: [] },
  homeport_log_bytes: { kind: 'gauge', help: 'Bytes that logs keep.', labels: [] },
  homeport_log_unwritable: { kind: 'gauge', help: 'Logs that take nothing: the disk is full or failed.', labels: [] },
  homeport_followers_behind_bytes: {
    kind: 'gauge',
    help: 'Bytes of the log that readers inside the server have still to read, together.',
    labels: [],
  },
  homeport_http_requests_total: {
    kind: 'counter',
    help: 'Requests that were answered.',
    labels: ['service', 'status'],
  },
  homeport_http_request_seconds: {
    kind: 'histogram',
    help: 'From the head of a request to the end of its answer.',
    labels: ['service'],
    buckets: secondsBuckets,
  },
  homeport_outgoing_calls_total: {
    kind: 'counter',
    help: 'Calls to others: `answered`, or why there was no answer.',
    labels: ['result'],
  },
  homeport_audit_entries_total: { kind: 'counter', help: 'Changes that were written into the audit log.', labels: ['service'] },
  homeport_audit_unwritten_total: { kind: 'counter', help: 'Changes that could not be.', labels: [] },
  homeport_trace_spans_total: {
    kind: 'counter',
    help: 'Spans of traces: `sent`, `unsent`, or `dropped` since too many waited.',
    labels: ['result'],
  },
  homeport_event_loop_delay_seconds: {
    kind: 'gauge',
    help: 'How late the event loop came round since the last scrape: `median`, `p99` and `max`.',
    labels: ['measure'],
  },
  homeport_gc_seconds_total: { kind: 'counter', help: 'Time spent collecting garbage.', labels: ['kind'] },
  homeport_heap_bytes: { kind: 'gauge', help: 'Memory of the JavaScript heap.', labels: ['state'] },
  homeport_external_memory_bytes: { kind: 'gauge', help: 'Memory of buffers outside the heap.', labels: [] },
  homeport_disk_free_bytes: { kind: 'gauge', help: 'Room left on the disk of the data directory.', labels: [] },
  homeport_disk_bytes: { kind: 'gauge', help: 'Size of the disk of the data directory.', labels: [] },
  homeport_info: { kind: 'gauge', help: 'Always 1; which version runs.', labels: ['version'] },
  process_cpu_seconds_total: { kind: 'counter', help: 'Processor time of the process.', labels: [] },
  process_resident_memory_bytes: { kind: 'gauge', help: 'Memory of the process.', labels: [] },
  process_start_time_seconds: { kind: 'gauge', help: 'When the process started, in seconds since 1970.', labels: [] },
} as const satisfies Record<string, MetricDescription>;

export type MetricName = keyof typeof metricNames;
type Kinds = { [N in MetricName]: (typeof metricNames)[N]['kind'] };
export type MetricOf<K extends MetricDescription['kind']> = {
  [N in MetricName]: Kinds[N] extends K ? N : never;
}[MetricName];
export type LabelsOf<N extends MetricName> = { readonly [L in (typeof metricNames)[N]['labels'][number]]: string };

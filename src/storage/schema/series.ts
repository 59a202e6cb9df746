/** How far Central has read the hub's event log, in the same transaction as what it made of it. */
export type IngestRow = { name: string; position: number };

/** One telemetry or property of one device that has numbers to chart. */
export type SeriesRow = { series_id: number; device_id: string; name: string };

/** Up to 360 points of a series in order of time, with their statistics beside (central/data/series-chunk.ts). */
export type ChunkRow = {
  series_id: number;
  /** Time and log position of the first point: together they name the chunk. */
  start_at: number;
  position: number;
  end_at: number;
  count: number;
  minimum: number;
  maximum: number;
  total: number;
  points: Uint8Array;
};

/** A point that came out of order; merged when the series is read. */
export type LatePointRow = { series_id: number; at: number; position: number; value: number };

/** Where in the event log the messages of a device lie, up to 512 of them in order. */
export type MessageIndexRow = {
  device_id: string;
  first_position: number;
  last_position: number;
  count: number;
  positions: Uint8Array;
};

/** The newest value of each name of each device, as JSON. */
export type LastValueRow = {
  device_id: string;
  name: string;
  at: number;
  position: number;
  value: string;
  coerced: number;
};

export type SeriesTables = {
  central_ingest: IngestRow;
  central_series: SeriesRow;
  central_chunk: ChunkRow;
  central_late_point: LatePointRow;
  central_message_index: MessageIndexRow;
  central_last_value: LastValueRow;
};

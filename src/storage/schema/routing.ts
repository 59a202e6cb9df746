/** Whether telemetry that no route takes goes to the hub's own endpoint; without a row it does. */
export type HubFallbackRow = { hub: string; is_enabled: number };

export type HubRouteRow = {
  hub: string;
  route: string;
  source: string;
  condition_text: string;
  /** JSON: names of destinations, and `events`. */
  places: string;
  is_enabled: number;
  created_at: number;
};

export type HubDestinationRow = {
  hub: string;
  destination: string;
  /** Its bit in the stamps of events. */
  slot: number;
  type: string;
  /** JSON, without secrets. */
  settings: string;
  sealed_secret: Buffer | null;
  /** Everything before was delivered, or is a dead letter. */
  log_position: number;
  created_at: number;
};

/** A property that is added to events on their way. */
export type HubEnrichmentRow = {
  hub: string;
  property: string;
  value_text: string;
  /** JSON, as for routes. */
  places: string;
  created_at: number;
};

/** An event that its destination would not take. */
export type HubDeadLetterRow = {
  hub: string;
  destination: string;
  log_position: number;
  device_id: string;
  reason: string;
  failed_at: number;
  /** JSON: the event with its body, since the log forgets it. */
  event: string;
};

export type RoutingTables = {
  hub_fallback: HubFallbackRow;
  hub_route: HubRouteRow;
  hub_destination: HubDestinationRow;
  hub_enrichment: HubEnrichmentRow;
  hub_dead_letter: HubDeadLetterRow;
};

/** A device identity. Thumbprints are upper-case hex of 40 or 64 characters, without separators. */
export type HubDeviceRow = {
  hub: string;
  device_id: string;
  generation_id: string;
  etag: string;
  is_enabled: number;
  /** Why it is enabled or disabled, in the owner's words. */
  status_reason: string | null;
  /** When it was last enabled or disabled. */
  status_updated_at: number | null;
  /** selfSigned, certificateAuthority or sas. */
  authentication_type: string;
  primary_thumbprint: string | null;
  secondary_thumbprint: string | null;
  /** Both symmetric keys, sealed under the master key and the device's name. */
  sealed_keys: Uint8Array | null;
  created_at: number;
  updated_at: number;
};

/** A device twin: documents and their metadata as JSON text. */
export type HubTwinRow = {
  hub: string;
  device_id: string;
  /** Plus one at any change: the twin's `version`, and what a writer compares. */
  revision: number;
  /** Plus one when tags or desired change: what the twin's etag counts. */
  service_revision: number;
  model_id: string;
  tags: string;
  desired: string;
  desired_version: number;
  desired_metadata: string;
  reported: string;
  reported_version: number;
  reported_metadata: string;
};

/** The last known connection state of a device. */
export type HubPresenceRow = {
  hub: string;
  device_id: string;
  is_connected: number;
  sequence: number;
  changed_at: number;
  cause: string | null;
};

/** What survives a disconnect of a client that connected with clean session 0. */
export type HubSessionRow = {
  hub: string;
  device_id: string;
  /** JSON array of [filter, granted QoS]. */
  subscriptions: string;
};

export type HubTables = {
  hub_device: HubDeviceRow;
  hub_twin: HubTwinRow;
  hub_presence: HubPresenceRow;
  hub_session: HubSessionRow;
};

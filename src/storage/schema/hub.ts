/** A hub that somebody added; `main` is always there and has no row. */
export type HubInstanceRow = {
  /** Lower case: it is a label of the hub's host name. */
  name: string;
  created_at: number;
};

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
  /** Why provisioning keeps it out, whatever its owner says; null when it does not. */
  hold_reason: string | null;
  /** selfSigned, certificateAuthority or sas. */
  authentication_type: string;
  primary_thumbprint: string | null;
  secondary_thumbprint: string | null;
  /** What the slots held before, newest first (storage/past-thumbprints.ts). */
  past_thumbprints: string | null;
  /** Both symmetric keys, sealed under the master key and the device's name. */
  sealed_keys: Uint8Array | null;
  created_at: number;
  updated_at: number;
};

/** A module identity; it is enabled as long as its device is. */
export type HubModuleRow = {
  hub: string;
  device_id: string;
  module_id: string;
  generation_id: string;
  etag: string;
  /** Who looks after it, in the owner's words. */
  managed_by: string | null;
  /** As a device's, or none. */
  authentication_type: string;
  primary_thumbprint: string | null;
  secondary_thumbprint: string | null;
  sealed_keys: Uint8Array | null;
  created_at: number;
  updated_at: number;
};

/** What a device or module signed in with last. Nothing in it is secret: certificates are public, and of a token only its end is kept. */
export type HubCredentialRow = {
  hub: string;
  /** `{device}` or `{device}/{module}`. */
  identity: string;
  /** DER in base64, leaf first, separated by spaces; null for a token. */
  certificates: string | null;
  /** When the credential ended, as it was understood then. */
  ends_at: number | null;
  /** How often it came with a newer one than before. */
  renewals: number;
  /** When it first came with this one. */
  seen_at: number;
};

/** The twin of a device or of a module: documents and their metadata as JSON text. */
export type HubTwinRow = {
  hub: string;
  /** `{device}` or `{device}/{module}`. */
  identity: string;
  device_id: string;
  /** Null for a device's own. */
  module_id: string | null;
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

/** The last known connection state of a device or of a module. */
export type HubPresenceRow = {
  hub: string;
  /** Of a module `{device}/{module}`, which is no device's id. */
  device_id: string;
  is_connected: number;
  sequence: number;
  changed_at: number;
  cause: string | null;
};

/** What survives a disconnect of a client that connected with clean session 0. */
export type HubSessionRow = {
  hub: string;
  /** `{device}` or `{device}/{module}`. */
  identity: string;
  device_id: string;
  /** Null for a device's own. */
  module_id: string | null;
  /** JSON array of [filter, granted QoS]. */
  subscriptions: string;
};

export type HubTables = {
  hub_credential: HubCredentialRow;
  hub_instance: HubInstanceRow;
  hub_device: HubDeviceRow;
  hub_module: HubModuleRow;
  hub_twin: HubTwinRow;
  hub_presence: HubPresenceRow;
  hub_session: HubSessionRow;
};

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
  is_edge: number;
  /** The scope of the edge device it stands below. */
  parent_scope: string | null;
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
  /** Whether the index of tags knows it; 0 for one from before there was an index. */
  is_indexed: number;
};

/** A tag of a twin, for queries (hub/twins/tag-index.ts). */
export type HubTwinTagRow = {
  hub: string;
  /** `{device}` or `{device}/{module}`. */
  identity: string;
  path: string;
  value: Uint8Array;
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

/** A message that waits for its device or module, or is locked for one that is about to settle it. */
export type HubMessageRow = {
  hub: string;
  /** `{device}` or `{device}/{module}`. */
  identity: string;
  /** The order of delivery. */
  sequence: number;
  device_id: string;
  /** Null for a message to the device itself. */
  module_id: string | null;
  /** Of the identity, when the message was sent to it. */
  generation_id: string;
  message_id: string | null;
  correlation_id: string | null;
  user_id: string | null;
  content_type: string | null;
  content_encoding: string | null;
  /** none, positive, negative or full: which outcomes the sender hears of; null for a sender who did not say. */
  acknowledgement: string | null;
  /** JSON array of [name, value]. */
  application: string;
  body: Uint8Array;
  enqueued_at: number;
  expires_at: number;
  /** Whether the sender said when, and the device is told. */
  is_expiry_asked: number;
  /** How often it was abandoned. */
  delivery_count: number;
  /** Of whoever fetched it over HTTPS; who is connected locks in memory. */
  lock_token: string | null;
  /** 0 when it never was. */
  locked_until: number;
};

/** What became of a message, for its sender. */
export type HubFeedbackRow = {
  hub: string;
  sequence: number;
  original_message_id: string | null;
  device_id: string;
  module_id: string | null;
  generation_id: string;
  /** Success, Expired, DeliveryCountExceeded, Rejected or Purged. */
  status: string;
  recorded_at: number;
  expires_at: number;
  /** How often a reader gave it back. */
  delivery_count: number;
  /** One for all records of a batch. */
  lock_token: string | null;
  locked_until: number;
};

/** Below which CA a CA-signed identity came in. */
export type HubIssuerPinRow = {
  hub: string;
  /** `device`, or `device/module`. */
  identity: string;
  generation_id: string;
  /** Lower-case hex over the CA's certificate. */
  issuer_sha256: string;
  pinned_at: number;
};

/** Who reads the events of a hub apart from others. */
export type HubConsumerGroupRow = {
  hub: string;
  name: string;
  created_at: number;
};

export type HubTables = {
  hub_consumer_group: HubConsumerGroupRow;
  hub_issuer_pin: HubIssuerPinRow;
  hub_credential: HubCredentialRow;
  hub_instance: HubInstanceRow;
  hub_device: HubDeviceRow;
  hub_module: HubModuleRow;
  hub_twin: HubTwinRow;
  hub_twin_tag: HubTwinTagRow;
  hub_presence: HubPresenceRow;
  hub_session: HubSessionRow;
  hub_message: HubMessageRow;
  hub_feedback: HubFeedbackRow;
};

/** What lies in the file store. */
export type BlobRow = {
  container: string;
  /** Lower-case hex over the name in UTF-8. */
  name_sha256: string;
  name: string;
  /** Below the store’s directory; a new one with each content, and so its entity tag. */
  file: string;
  bytes: number;
  content_type: string | null;
  modified_at: number;
};

/** A part of a blob that was uploaded and is not in any list yet. */
export type BlobBlockRow = {
  container: string;
  name_sha256: string;
  /** Base64, as the client sent it. */
  block_id: string;
  file: string;
  bytes: number;
  staged_at: number;
};

/** An upload that a device has begun and not ended. */
export type HubFileUploadRow = {
  hub: string;
  correlation_id: string;
  device_id: string;
  /** With the device id before it. */
  blob_name: string;
  created_at: number;
  expires_at: number;
};

/** That a file has come, for back ends. */
export type HubFileNotificationRow = {
  hub: string;
  sequence: number;
  device_id: string;
  blob_name: string;
  blob_uri: string;
  blob_bytes: number;
  modified_at: number;
  enqueued_at: number;
  expires_at: number;
  /** How often a reader gave it back. */
  delivery_count: number;
  lock_token: string | null;
  locked_until: number;
};

export type FileTables = {
  blob: BlobRow;
  blob_block: BlobBlockRow;
  hub_file_upload: HubFileUploadRow;
  hub_file_notification: HubFileNotificationRow;
};

/** A provisioning instance and the id scope that devices name it by. */
export type DpsInstanceRow = { instance: string; id_scope: string; created_at: number };

/** To which hub an enrollment leads; null where nobody said so. */
export type DpsAllocationColumns = {
  allocation_policy: string | null;
  /** JSON: host names. */
  iot_hubs: string | null;
  update_hub_assignment: number | null;
  migrate_device_data: number | null;
  /** JSON, as they were given. */
  initial_tags: string | null;
  initial_desired: string | null;
  webhook_api_version: string | null;
  /** The URL of the custom allocator, sealed under the master key and the enrollment's name. */
  sealed_webhook: Uint8Array | null;
};

/** `group_key` is the id in lower case: ids that differ in case alone are one group. */
export type DpsEnrollmentGroupRow = DpsAllocationColumns & {
  instance: string;
  group_key: string;
  group_id: string;
  display_name: string;
  type: string;
  is_enabled: number;
  attestation_type: string;
  primary_certificate_id: string | null;
  secondary_certificate_id: string | null;
  /** DER of signing certificates that were given with the group itself. */
  primary_certificate: Uint8Array | null;
  secondary_certificate: Uint8Array | null;
  /** Both keys of a symmetric-key group, sealed under the master key and the group's name. */
  sealed_keys: Uint8Array | null;
  etag: string;
  created_at: number;
  updated_at: number;
};

/** The enrollment of one device. `registration_key` is the id in lower case. */
export type DpsEnrollmentRow = DpsAllocationColumns & {
  instance: string;
  registration_key: string;
  registration_id: string;
  device_id: string | null;
  is_enabled: number;
  /** symmetricKey or x509. */
  attestation_type: string;
  primary_thumbprint: string | null;
  secondary_thumbprint: string | null;
  /** What the slots held before, newest first (storage/past-thumbprints.ts). */
  past_thumbprints: string | null;
  /** DER of the certificates whose thumbprints those are, where they were given. */
  primary_certificate: Uint8Array | null;
  secondary_certificate: Uint8Array | null;
  /** Both keys, sealed under the master key and the registration id. */
  sealed_keys: Uint8Array | null;
  /** JSON that the owner keeps with it. */
  device_information: string | null;
  etag: string;
  created_at: number;
  updated_at: number;
};

/** What became of a device's last registration. `registration_key` is the id in lower case. */
export type DpsRegistrationRow = {
  instance: string;
  registration_key: string;
  registration_id: string;
  /** Empty for a device with an enrollment of its own. */
  group_id: string;
  /** assigned or failed. */
  status: string;
  substatus: string | null;
  /** Of the last assignment; a failure after it leaves it in place. */
  assigned_hub: string | null;
  device_id: string | null;
  /** The hub of the first assignment. */
  first_hub: string | null;
  error_code: number | null;
  error_message: string | null;
  /** JSON that the allocator returned for the device. */
  payload: string | null;
  /** Empty for a registration by key. */
  leaf_sha256: string;
  anchor_sha256: string;
  etag: string;
  created_at: number;
  updated_at: number;
};

/** A registration under way, so that its id outlives a restart; finished ones stay until the device has polled. */
export type DpsOperationRow = {
  operation_id: string;
  instance: string;
  registration_key: string;
  registration_id: string;
  /** JSON that the device sent along, or null. */
  payload: string | null;
  is_done: number;
  created_at: number;
};

export type ProvisioningTables = {
  dps_instance: DpsInstanceRow;
  dps_enrollment: DpsEnrollmentRow;
  dps_enrollment_group: DpsEnrollmentGroupRow;
  dps_registration: DpsRegistrationRow;
  dps_operation: DpsOperationRow;
};
